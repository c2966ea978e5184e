//! `mayfly secrets` and what `mayfly doctor` says of the keys.

use std::process::Output;

use crate::process::{Mayfly, command, directory};

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn keys_are_rotated_with_the_data_directory_at_hand() {
    let data = directory();
    let run = |args: &[&str]| command(args).arg("--data-dir").arg(data.path()).output().unwrap();
    assert_eq!(out(&run(&["secrets", "list"])), "k1 current\n");
    // A server encrypts the secrets of an app with it.
    let mut server = Mayfly::start(&["serve", "--log-format", "json"], data.path());
    let line: serde_json::Value = serde_json::from_str(&server.line_with("\"listening\"")).unwrap();
    let admin = std::fs::read_to_string(data.path().join("admin.key")).unwrap();
    let made = command(&["apps", "create", "demo"])
        .env("MAYFLY_URL", line["url"].as_str().unwrap())
        .env("MAYFLY_KEY", admin.trim())
        .output()
        .unwrap();
    assert_eq!(made.status.code(), Some(0), "{}", err(&made));
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));

    let refused = run(&["secrets", "remove", "k1"]);
    assert_eq!(refused.status.code(), Some(6), "{}", err(&refused));
    assert!(err(&refused).contains("values are encrypted with 'k1'"), "{}", err(&refused));
    assert_eq!(run(&["secrets", "add"]).status.code(), Some(0));
    assert_eq!(out(&run(&["secrets", "list"])), "k1 current\nk2\n");
    assert_eq!(run(&["secrets", "use", "k2"]).status.code(), Some(0));
    assert_eq!(run(&["secrets", "use", "k9"]).status.code(), Some(4));
    assert_eq!(out(&run(&["secrets", "list"])), "k2 current\nk1\n");

    let mut server = Mayfly::start(&["serve", "--log-format", "json"], data.path());
    server.line_with("re-encrypted secrets with the current key");
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));
    let removed = run(&["secrets", "remove", "k1"]);
    assert_eq!(removed.status.code(), Some(0), "{}", err(&removed));
    let doctor = run(&["doctor", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&doctor.stdout).unwrap();
    assert_eq!(doctor.status.code(), Some(0), "{report}");
    assert_eq!(report["keys"][0]["id"], "k2");
    assert!(report["keys"][0]["values"].as_i64() > Some(0), "{report}");

    assert_eq!(run(&["secrets", "rotate"]).status.code(), Some(0));
    assert_eq!(out(&run(&["secrets", "list"])), "k3 current\nk2\n");
    // With the key gone that secrets are encrypted with, the doctor says so.
    let file = data.path().join("secrets.key");
    let kept: Vec<_> = std::fs::read_to_string(&file).unwrap().lines().take(1).map(str::to_owned).collect();
    std::fs::write(&file, kept.join("\n")).unwrap();
    let doctor = run(&["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(err(&doctor).contains("root key k2: encrypts"), "{}", err(&doctor));
    assert!(err(&doctor).contains("is missing"), "{}", err(&doctor));
}

#[test]
fn keys_from_a_variable_are_changed_there() {
    let data = directory();
    let output = command(&["secrets", "rotate", "--data-dir"])
        .arg(data.path())
        .env("MAYFLY_SECRET_KEYS", "k1:x")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("MAYFLY_SECRET_KEYS"), "{}", err(&output));
}
