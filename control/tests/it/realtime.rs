//! `mayfly realtime connect`: frames to stdout, lines of stdin to the server.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::process::{Mayfly, command, directory};

#[test]
fn a_socket_in_the_terminal_sends_lines_and_prints_frames() {
    let (data, dir) = (directory(), directory());
    let mut server = Mayfly::start(&["serve", "--log-format", "json"], data.path());
    let line: Value = serde_json::from_str(&server.line_with("\"listening\"")).unwrap();
    let url = line["url"].as_str().unwrap().to_owned();
    let admin = std::fs::read_to_string(data.path().join("admin.key")).unwrap().trim().to_owned();
    let run = |args: &[&str], key: &str, app: &str, input: &str| -> Output {
        let mut command = command(args);
        command.env("MAYFLY_URL", &url).env("MAYFLY_KEY", key).env("MAYFLY_APP", app);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let made = run(&["apps", "create", "demo", "--json"], &admin, "", "");
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let text = |name: &str| made[name].as_str().unwrap();
    let folder = dir.path().join("echo");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("index.ts"),
        "export default async (req: Request) => Response.json((await req.json()).payload)",
    )
    .unwrap();
    let manifest = r#"{ "trigger": { "type": "websocket", "config": { "event": "echo" } } }"#;
    std::fs::write(folder.join("function.json"), manifest).unwrap();
    let deployed = run(&["deploy", folder.to_str().unwrap()], text("service_key"), text("app_id"), "");
    assert_eq!(deployed.status.code(), Some(0), "{}", String::from_utf8_lossy(&deployed.stderr));
    let args = ["realtime", "connect", "--event", "echo", "--frames", "4"];
    let input = "hello\n\n{\"a\": 1}\n{\"type\": \"ping\"}\n";
    let talked = run(&args, text("anon_key"), text("app_id"), input);
    assert_eq!(talked.status.code(), Some(0), "{}", String::from_utf8_lossy(&talked.stderr));
    let frames: Vec<Value> = String::from_utf8_lossy(&talked.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = frames.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["connected", "event_response", "event_response", "pong"]);
    assert_eq!((&frames[1]["data"], &frames[2]["data"]), (&"hello".into(), &serde_json::json!({ "a": 1 })));
    let refused = run(&["realtime", "connect"], "bb_sk_", text("app_id"), "");
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    server.signal("TERM");
    assert_eq!(server.end().code(), Some(0));
}
