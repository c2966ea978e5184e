//! `mayfly schema` and `mayfly types` on a database without a server of ours.

use std::path::Path;

use clap::Parser as _;
use mayfly_control::cli::{Cli, Exit, dispatch};
use mayfly_control::postgres::Target;
use support::cluster::{endpoint, run};

use super::place::Place;

/// The URL of a database of the shared cluster.
fn url(database: &str) -> String {
    let endpoint = endpoint();
    let config = endpoint.client_config(database);
    let user = config.get_user().unwrap();
    match endpoint.target() {
        Target::Unix { directory, port } => {
            format!("postgres://{user}@/{database}?host={}&port={port}", directory.display())
        }
        Target::Tcp { host, port } => format!("postgres://{user}@{host}:{port}/{database}"),
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
