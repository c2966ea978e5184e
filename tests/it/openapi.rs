//! `/openapi.json` and the server agree: schemathesis sends what the document allows and what it forbids.

use support::app::Node;
use support::cluster::run;

use crate::npm::root;
use crate::python;

/// Test cases an operation in the fuzzing phase; the coverage phase makes its own, from the schemas.
const EXAMPLES: &str = "4";

#[test]
fn the_server_is_what_its_document_says() {
    let untested = "openapi.json is not tested";
    let Some(python) = python::environment("schemathesis", "tests/openapi/requirements.txt", untested) else {
        return;
    };
    run(async {
        let node = Node::start(|_| {}).await;
        let (app, other) = (node.app().await, node.app().await);
        app.deploy("hello", "export const handler = () => Response.json({ ok: true })").await;
        let ran = tokio::process::Command::new(python.join("bin/schemathesis"))
            .arg("--no-color")
            .arg("--config-file")
            .arg(root().join("tests/openapi/schemathesis.toml"))
            .args([
                "run",
                &format!("{}/openapi.json", node.url()),
                "--max-examples",
                EXAMPLES,
                "--workers",
                "1",
            ])
            .env("MAYFLY_KEY", node.admin_key())
            .env("MAYFLY_APP", &app.id)
            .env("MAYFLY_OTHER", &other.id)
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .output()
            .await
            .unwrap();
        let (report, errors) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(ran.status.success(), "{report}\n{errors}");
    });
}
