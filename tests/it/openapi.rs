//! `/openapi.json` and the server agree: schemathesis sends what the document allows and what it forbids.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::app::Node;
use support::cluster::run;

use crate::npm::{execute, root};

/// Test cases an operation in the fuzzing phase; the coverage phase makes its own, from the schemas.
const EXAMPLES: &str = "4";

#[test]
fn the_server_is_what_its_document_says() {
    let Some(schemathesis) = schemathesis() else { return };
    run(async {
        let node = Node::start(|_| {}).await;
        let (app, other) = (node.app().await, node.app().await);
        app.deploy("hello", "export const handler = () => Response.json({ ok: true })").await;
        let ran = tokio::process::Command::new(schemathesis)
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

/// The program, in a virtual environment with the pinned packages; `None` without Python.
#[allow(clippy::print_stderr, reason = "a skipped test must be reported")]
fn schemathesis() -> Option<PathBuf> {
    let python = Command::new("python3").args(["-c", "import ensurepip, venv"]).output();
    if !python.is_ok_and(|python| python.status.success()) {
        eprintln!(
            "SKIPPED: openapi.json is not tested, because there is no Python with venv on this machine"
        );
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schemathesis");
    let requirements = root().join("tests/openapi/requirements.txt");
    let pinned = fs::read(&requirements).unwrap();
    let installed = folder.join("installed-by");
    if fs::read(&installed).ok().as_ref() != Some(&pinned) {
        execute(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let mut pip = Command::new(folder.join("bin/pip"));
        execute(
            pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"])
                .arg(requirements),
        );
        fs::write(&installed, pinned).unwrap();
    }
    Some(folder.join("bin/schemathesis"))
}
