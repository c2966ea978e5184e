//! `mayfly schema` and `mayfly types` on a database without a Mayfly server.

use std::path::Path;

use clap::Parser as _;
use mayfly_control::cli::{Cli, Exit, dispatch};
use mayfly_postgres::ServerAddress;
use support::cluster::{endpoint, run};

use super::place::Place;

/// The URL of a database of the shared cluster.
fn url(database: &str) -> String {
    let endpoint = endpoint();
    let config = endpoint.client_config(database);
    let user = config.get_user().unwrap();
    match endpoint.address() {
        ServerAddress::Unix { directory, port } => {
            format!("postgres://{user}@/{database}?host={}&port={port}", directory.display())
        }
        ServerAddress::Tcp { host, port } => format!("postgres://{user}@{host}:{port}/{database}"),
    }
}

async fn mayfly(args: &[&str]) -> Exit {
    let args = [&["mayfly"], args].concat();
    dispatch(Cli::try_parse_from(args).unwrap_or_else(|error| panic!("{error}"))).await
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn any_database_is_planned_applied_and_compared() {
    run(async {
        let place = Place::new().await;
        let folder = tempfile::tempdir().unwrap();
        let url = url("schema_engine");
        let at = ["--database-url", &url, "--schema", &place.options.schema];
        let with = |verb: &[&str]| [verb, &at].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
        let go = async |verb: &[&str]| {
            let args = with(verb);
            mayfly(&args.iter().map(String::as_str).collect::<Vec<_>>()).await
        };
        let first = write(
            folder.path(),
            "a.json",
            r#"{"tables":{"t":{"columns":{"id":{"type":"int","primaryKey":true},"v":"text"}}}}"#,
        );
        let second = write(
            folder.path(),
            "b.json",
            r#"{"tables":{"t":{"columns":{"id":{"type":"int","primaryKey":true}}}}}"#,
        );
        let wrong = write(folder.path(), "c.json", r#"{"tables":{"t":{"columns":{"id":{"type":"itn"}}}}}"#);
        assert_eq!(go(&["schema", "plan", &first]).await, Exit::Ok);
        assert_eq!(place.texts("SELECT to_regclass('t') IS NULL").await, ["t"], "a plan changes nothing");
        assert_eq!(go(&["schema", "apply", &first, "--name", "first"]).await, Exit::Ok);
        assert_eq!(go(&["schema", "apply", &first]).await, Exit::Ok);
        assert_eq!(go(&["schema", "plan", &second]).await, Exit::Conflict, "consent is missing");
        assert_eq!(go(&["schema", "apply", &second]).await, Exit::Conflict);
        assert_eq!(go(&["schema", "plan", &wrong]).await, Exit::Validation);
        assert_eq!(go(&["schema", "plan", "nosuch.json"]).await, Exit::Usage);
        assert_eq!(go(&["schema", "get"]).await, Exit::Ok);
        assert_eq!(go(&["schema", "history"]).await, Exit::Ok);
        let types = folder.path().join("mayfly.d.ts");
        assert_eq!(go(&["types", "-o", types.to_str().unwrap()]).await, Exit::Ok);
        let written = std::fs::read_to_string(types).unwrap();
        assert!(written.contains("export interface T {\n  id: number;\n  v: string | null;\n}"), "{written}");
        let same = ["schema", "diff", &url, &url, "--schema", &place.options.schema];
        assert_eq!(mayfly(&same).await, Exit::Ok);
        place.drop().await;
    });
}

#[test]
fn any_database_goes_back_where_nothing_is_lost() {
    run(async {
        let place = Place::new().await;
        let folder = tempfile::tempdir().unwrap();
        let url = url("schema_engine");
        let at = ["--database-url", &url, "--schema", &place.options.schema];
        let go = async |verb: &[&str]| mayfly(&[verb, &at].concat()).await;
        let apply = async |name: &str, text: &str| {
            let file = write(folder.path(), name, text);
            assert_eq!(go(&["schema", "apply", &file]).await, Exit::Ok, "{text}");
            let last = "SELECT max(id) FROM mayfly.schema_migrations WHERE namespace = current_schema()";
            place.texts(last).await[0].clone()
        };
        let first = apply("a.json", r#"{"tables":{"t":{"columns":{"v":"text"}}}}"#).await;
        let second = apply(
            "b.json",
            r#"{"tables":{"t":{"columns":{"w":{"type":"text","renamedFrom":"v"},"x":"int"},"indexes":{"i":{"columns":["w"],"concurrently":true}}}}}"#,
        )
        .await;
        place.run("INSERT INTO t VALUES ('kept', 7)").await;
        assert_eq!(go(&["schema", "rollback", &second]).await, Exit::Ok, "the index is in the record");
        assert_eq!(go(&["schema", "rollback", &first, "--dry-run"]).await, Exit::Conflict);
        assert_eq!(go(&["schema", "rollback", &first]).await, Exit::Conflict);
        place.run("UPDATE t SET x = NULL").await;
        assert_eq!(go(&["schema", "rollback", &first, "--dry-run"]).await, Exit::Ok);
        assert_eq!(place.texts("SELECT to_regclass('i') IS NULL").await, ["f"], "a dry run changes nothing");
        assert_eq!(go(&["schema", "rollback", &first]).await, Exit::Ok);
        assert_eq!(place.texts("SELECT v FROM t").await, ["kept"]);
        assert_eq!(place.texts("SELECT to_regclass('i') IS NULL").await, ["t"]);
        // Another schema's history is separate.
        let other = Place::new().await;
        let elsewhere =
            ["schema", "rollback", &first, "--database-url", &url, "--schema", &other.options.schema];
        assert_eq!(mayfly(&elsewhere).await, Exit::NotFound);
        assert_eq!(go(&["schema", "rollback", "999999"]).await, Exit::NotFound);
        other.drop().await;
        place.drop().await;
    });
}

#[test]
fn two_databases_are_compared_and_neither_is_changed() {
    run(async {
        let (one, two) = (Place::new().await, endpoint().admin("postgres").await.unwrap());
        let schema = &one.options.schema;
        two.batch_execute(&format!("CREATE SCHEMA {schema}; CREATE TABLE {schema}.t (a int, b text)"))
            .await
            .unwrap();
        one.run("CREATE TABLE t (a int)").await;
        let (here, there) = (url("schema_engine"), url("postgres"));
        assert_eq!(mayfly(&["schema", "diff", &here, &there, "--schema", schema]).await, Exit::Ok);
        let back = ["schema", "diff", &there, &here, "--schema", schema];
        assert_eq!(mayfly(&back).await, Exit::Conflict, "a column would go");
        let columns = "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema()";
        assert_eq!(one.texts(columns).await, ["1"]);
        two.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await.unwrap();
        one.drop().await;
    });
}
