//! How long does a plan of a large schema against itself take, and an apply, compared with psql running the same SQL?
#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::executor;
use mayfly_benches::server::directory;
use mayfly_postgres::{Cluster, ClusterConfig, ServerAddress};
use mayfly_schema::{ChangeHistory, Declared, Options, Rules, apply};
use tokio_postgres::Client;

const TABLES: usize = 50;
/// Columns of each table, 1,000 in all.
const COLUMNS: usize = 20;

fn schema(criterion: &mut Criterion) {
    let executor = executor();
    let directory = directory();
    let cluster = executor.block_on(cluster(directory.path()));
    let mut client = executor.block_on(cluster.endpoint().admin("postgres")).expect("a connection");
    let declared = declaration();

    let plan = executor.block_on(bring(&mut client, &declared));
    let mut group = criterion.benchmark_group("schema_plan");
    group.bench_function("50 tables, 1,000 columns, against itself", |bencher| {
        bencher.iter(|| assert!(executor.block_on(bring(&mut client, &declared)).is_empty()));
    });
    // One more column, so that the shortcut for equal schemas does not apply.
    let more = larger();
    let options = Options { dry_run: true, ..Options::default() };
    group.bench_function("50 tables, one column added", |bencher| {
        bencher.iter(|| {
            let outcome = executor
                .block_on(apply(&mut client, &more, &options, &ChangeHistory::own()))
                .expect("a plan");
            assert_eq!(outcome.plan.steps.len(), 1);
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("schema_apply");
    group.sample_size(20);
    group.bench_function("50 new tables by psql", |bencher| {
        bencher.iter_batched(
            || executor.block_on(clear(&client)),
            |()| psql(&cluster, &plan),
            criterion::BatchSize::PerIteration,
        );
    });
    group.bench_function("50 new tables", |bencher| {
        bencher.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                executor.block_on(clear(&client));
                let begun = Instant::now();
                executor.block_on(bring(&mut client, &declared));
                took += begun.elapsed();
            }
            took
        });
    });
    group.finish();
    drop(client);
    executor.block_on(cluster.stop());
}

async fn bring(client: &mut Client, declared: &Declared) -> String {
    let outcome = apply(client, declared, &Options::default(), &ChangeHistory::own())
        .await
        .expect("the schema applies");
    outcome.plan.script()
}

async fn clear(client: &Client) {
    client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await.expect("an empty schema");
}

fn psql(cluster: &Cluster, script: &str) {
    let ServerAddress::Unix { directory, port } = cluster.endpoint().address() else { return };
    let user = cluster.endpoint().client_config("postgres").get_user().unwrap_or_default().to_owned();
    let mut child = Command::new("psql")
        .args([
            "--quiet",
            "--set=ON_ERROR_STOP=1",
            "--single-transaction",
            "--no-psqlrc",
            "--file=-",
            "--dbname",
            "postgres",
            "--username",
            &user,
        ])
        .arg("--host")
        .arg(directory)
        .args(["--port", &port.to_string()])
        // The history's schema has the user's name, and would come first in the search path.
        .env("PGOPTIONS", "-c search_path=public")
        .stdin(Stdio::piped())
        .spawn()
        .expect("psql starts");
    child.stdin.take().expect("its input").write_all(script.as_bytes()).expect("the script is sent");
    assert!(child.wait().expect("psql ends").success());
}

fn declaration() -> Declared {
    read(&text())
}

fn larger() -> Declared {
    read(&text().replacen("\"columns\":{", "\"columns\":{\"more\":{\"type\":\"integer\"},", 1))
}

fn read(text: &str) -> Declared {
    Declared::read(text, &Rules::default()).expect("a declaration")
}

fn text() -> String {
    let types = ["integer", "text", "timestamp with time zone", "boolean", "numeric(10,2)", "uuid", "jsonb"];
    let table = |number: usize| {
        let columns: Vec<String> = (2..COLUMNS)
            .map(|column| format!("\"c{column}\":{{\"type\":\"{}\"}}", types[column % types.len()]))
            .collect();
        let key = r#""id":{"type":"bigint","primaryKey":true}"#;
        let reference =
            format!(r#""parent":{{"type":"bigint","references":"t{}.id"}}"#, (number + 1) % TABLES);
        format!(r#""t{number}":{{"columns":{{{key},{reference},{}}}}}"#, columns.join(","))
    };
    let tables: Vec<String> = (0..TABLES).map(table).collect();
    format!(r#"{{"tables":{{{}}}}}"#, tables.join(","))
}

async fn cluster(directory: &Path) -> Cluster {
    let mut config = ClusterConfig::new(directory);
    config.path = std::env::var_os("PATH");
    Cluster::start(config).await.expect("PostgreSQL starts")
}

criterion_group!(benches, schema);
criterion_main!(benches);
