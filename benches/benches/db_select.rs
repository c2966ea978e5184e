//! What does `ctx.db` add to one row by primary key, over the same query by tokio-postgres alone?
#![allow(clippy::disallowed_methods, reason = "a bench spawns and reads the environment by itself")]

use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use mayfly_benches::server::directory;
use mayfly_benches::{call, executor, image, invoke};
use mayfly_common::tasks::Tasks;
use mayfly_postgres::{Cluster, ClusterConfig, PostgresEndpoint};
use mayfly_runtime::Call;
use mayfly_runtime::providers::{BigintMode, Database, RowShape, Statement, Value};
use mayfly_secrets::KeyRing;
use mayfly_store::{Store, StoreConfig};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::{MigrationScript, Tenants};

const SELECT: &str = "SELECT id, body FROM notes WHERE id = $1";
const SCRIPT: &str = "CREATE TABLE notes (id int PRIMARY KEY, body text NOT NULL);
    INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 10000) n";

fn db_select(criterion: &mut Criterion) {
    let executor = executor();
    let directory = directory();
    let cluster = executor.block_on(cluster(directory.path()));
    let (tenants, app) = executor.block_on(app(&cluster, directory.path()));
    let service = || tenants.database(app.as_str(), Identity::Service);
    let alone = executor.block_on(alone(cluster.endpoint(), &app));
    let prepared = executor.block_on(alone.prepare(SELECT)).expect("the statement is prepared");

    let mut group = criterion.benchmark_group("db_select");
    group.bench_function("tokio-postgres alone", |bencher| {
        bencher.iter(|| executor.block_on(alone.query_one(&prepared, &[&42i32])).expect("a row"));
    });
    group.bench_function("ctx.db's provider", |bencher| {
        bencher.iter(|| executor.block_on(service().query(statement())).expect("a row"));
    });
    let user = || tenants.database(app.as_str(), Identity::User { id: "user_1".to_owned() });
    group.bench_function("ctx.db's provider, as a user", |bencher| {
        bencher.iter(|| executor.block_on(user().query(statement())).expect("a row"));
    });
    let engine = mayfly_benches::engine(&executor);
    let select = format!(
        "export default async (req, ctx) => {{ const {{ rows }} = await ctx.db.query('{SELECT}', [42]); return Response.json(rows[0]) }}"
    );
    let image = image(&executor, &engine, &select);
    group.bench_function("a whole invocation", |bencher| {
        bencher.iter(|| executor.block_on(invoke(&engine, &image, call_with(service()))));
    });
    group.finish();
    drop(alone);
    drop(tenants);
    executor.block_on(cluster.stop());
}

fn statement() -> Statement {
    let (bigint, shape) = (BigintMode::Auto, RowShape::Object);
    Statement { sql: SELECT.to_owned(), params: vec![Value::Number(42.0)], bigint, shape }
}

fn call_with(database: Arc<dyn Database>) -> Call {
    let mut call = call();
    call.grants.database = Some(database);
    call
}

async fn cluster(directory: &Path) -> Cluster {
    let mut config = ClusterConfig::new(directory);
    config.path = std::env::var_os("PATH");
    Cluster::start(config).await.expect("PostgreSQL starts")
}

async fn app(cluster: &Cluster, directory: &Path) -> (Tenants, String) {
    let store =
        Store::connect(StoreConfig::new(cluster.endpoint().clone())).await.expect("the store connects");
    store.migrate().await.expect("the store migrates");
    let keys = Arc::new(KeyRing::load_or_create(&directory.join("secrets.key")).expect("a key ring"));
    let endpoint = cluster.endpoint().clone();
    let tenants = Tenants::start(store, keys, endpoint, DbLimits::default(), Tasks::new())
        .await
        .expect("tenants start");
    let app = tenants.create("bench").await.expect("the app is made").id;
    let script = MigrationScript { sql: SCRIPT.to_owned(), name: None, key_id: None };
    tenants.run_script(&app, script).await.expect("the table is made");
    (tenants, app)
}

async fn alone(endpoint: &PostgresEndpoint, app: &str) -> tokio_postgres::Client {
    let (client, connection) =
        endpoint.client_config(app).connect(tokio_postgres::NoTls).await.expect("PostgreSQL accepts");
    tokio::spawn(connection);
    client
}

criterion_group!(benches, db_select);
criterion_main!(benches);
