//! The verbs against a server: what they print where, and how they end.

use std::process::Output;

use crate::process::{Mayfly, command, directory};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_function_is_deployed_called_read_and_rolled_back_with_the_contracts_exit_codes() {
    let (data, dir) = (directory(), directory());
    let mut server = Mayfly::start(&["serve", "--log-format", "json"], data.path());
    let line: serde_json::Value = serde_json::from_str(&server.line_with("\"listening\"")).unwrap();
    let url = line["url"].as_str().unwrap().to_owned();
    let admin = std::fs::read_to_string(data.path().join("admin.key")).unwrap().trim().to_owned();
    let run = |args: &[&str], key: &str, app: &str| -> Output {
        command(args).env("MAYFLY_URL", &url).env("MAYFLY_KEY", key).env("MAYFLY_APP", app).output().unwrap()
    };
    let made = run(&["apps", "create", "demo", "--json"], &admin, "");
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let (app, key) = (made["app_id"].as_str().unwrap(), made["service_key"].as_str().unwrap());
    let verb = |args: &[&str]| run(args, key, app);

    let file = dir.path().join("hello.ts");
    let path = file.to_str().unwrap();
    let say = |text: &str| std::fs::write(&file, text).unwrap();
    say(
        "export default (r: Request, ctx) => { console.log('ran'); return new Response('hi ' + ctx.env.WHO) }",
    );
    let deployed = verb(&["deploy", path, "--env", "WHO=you"]);
    assert_eq!(deployed.status.code(), Some(0), "{}", text(&deployed.stderr));
    assert_eq!(text(&deployed.stdout).trim(), format!("{url}/v1/{app}/fn/hello"));

    let called = verb(&["invoke", "hello"]);
    assert_eq!((called.status.code(), text(&called.stdout).as_str()), (Some(0), "hi you"));
    assert!(text(&called.stderr).contains("ran"), "the console is chatter");
    let logs = verb(&["logs", "hello", "--json"]);
    let logs: serde_json::Value = serde_json::from_slice(&logs.stdout).unwrap();
    assert_eq!(logs["logs"][0]["consoleLogs"][0]["message"], "ran");

    say("export default () => new Response('no', { status: 500 })");
    verb(&["deploy", path]);
    assert_eq!(verb(&["invoke", "hello"]).status.code(), Some(0));
    assert_eq!(verb(&["invoke", "hello", "--fail"]).status.code(), Some(8));
    assert_eq!(verb(&["rollback", "hello"]).status.code(), Some(0));
    assert_eq!(text(&verb(&["invoke", "hello"]).stdout), "hi you");
    assert_eq!(text(&verb(&["env", "list", "--function", "hello"]).stdout), "WHO\n");

    say("export default () => {\n  let = 1\n}");
    let refused = verb(&["deploy", path]);
    assert_eq!(refused.status.code(), Some(5));
    assert!(text(&refused.stderr).contains("2 |   let = 1"), "{}", text(&refused.stderr));
    assert!(refused.stdout.is_empty());
    let minted = verb(&["token", "alice", "--ttl", "60", "--claims", r#"{"role":"editor"}"#]);
    assert_eq!(text(&minted.stdout).trim().split('.').count(), 3, "{}", text(&minted.stderr));
    let before = text(&verb(&["keys", "signing"]).stdout);
    let rotated = text(&verb(&["keys", "rotate", "--grace", "60"]).stdout);
    assert!(
        !before.contains(rotated.trim()) && text(&verb(&["keys", "signing"]).stdout).contains(rotated.trim())
    );
    let shown = verb(&["rollout", "hello", "--version", "2", "--percent", "10"]);
    assert!(text(&shown.stdout).contains("running"), "{}", text(&shown.stderr));
    assert_eq!(verb(&["rollout", "hello", "--percent", "0"]).status.code(), Some(0));
    assert!(text(&verb(&["rollout", "hello"]).stderr).contains("one version"));

    for (args, key, code) in [
        (&["token", "alice", "--claims", "{"][..], key, 2),
        (&["token", "alice", "--ttl", "0"], key, 5),
        (&["keys", "forget", rotated.trim()], key, 6),
        (&["rollout", "hello", "--percent", "50"], key, 6),
        (&["invoke", "nope"], key, 4),
        (&["functions", "get", "nope"], key, 4),
        (&["functions", "list"], "", 3),
        (&["apps", "list"], key, 3),
        (&["apps", "delete", app], &admin, 6),
        (&["deploy", "/no/such/file.ts"], key, 2),
        (&["env", "set", "NOVALUE"], key, 2),
    ] {
        let ended = run(args, key, app);
        assert_eq!(ended.status.code(), Some(code), "{args:?}: {}", text(&ended.stderr));
    }
    let doctor = |more: &[&str]| {
        let args = [&["doctor", "--json", "--data-dir", data.path().to_str().unwrap()], more].concat();
        command(&args).output().unwrap()
    };
    // Beside the server, which only it may repair.
    let beside = doctor(&[]);
    let refused = doctor(&["--repair"]);
    assert_eq!(refused.status.code(), Some(6));
    assert!(text(&refused.stderr).contains("stop it"), "{}", text(&refused.stderr));
    assert_eq!(verb(&["functions", "list"]).status.code(), Some(0), "the server goes on");
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));
    assert_eq!(verb(&["functions", "list"]).status.code(), Some(1), "the server is gone");
    for looked in [beside, doctor(&[])] {
        assert_eq!(looked.status.code(), Some(0), "{}", text(&looked.stderr));
        let mut report: serde_json::Value = serde_json::from_slice(&looked.stdout).unwrap();
        let machine = report.as_object_mut().unwrap().remove("machine").unwrap();
        assert_eq!(
            (&machine[0]["name"], &machine[0]["ok"]),
            (&"postgresql".into(), &true.into()),
            "{machine}"
        );
        // The variable, the anon key, the database's two secrets, and two keys that sign tokens.
        let keys = serde_json::json!([{ "id": "k1", "values": 6, "known": true }]);
        let expected = serde_json::json!({
            "apps": 1, "open": [], "closed": [], "full": [], "repaired": false, "keys": keys,
        });
        assert_eq!(report, expected);
    }
}
