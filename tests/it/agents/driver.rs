//! A client of `mayfly mcp proxy` on stdin and stdout, by hand: for upstreams that misbehave.

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_server");
pub(super) const UPSTREAM: &str = env!("CARGO_BIN_EXE_mcp-upstream");

/// A client of a proxy on stdin and stdout.
pub(super) struct Driver {
    child: Child,
    input: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    next: u64,
    /// What came beside answers.
    pub(super) said: Vec<Value>,
    /// What to answer an upstream that asks.
    pub(super) answer: Value,
}

impl Driver {
    pub(super) async fn start(state: &Path, upstream: &str, policy: &Value, more: &[&str]) -> Self {
        std::fs::create_dir_all(state).unwrap();
        let file = state.join("policy.json");
        std::fs::write(&file, policy.to_string()).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["mcp", "proxy", "--upstream", upstream]).args(more);
        command.arg("--policy").arg(&file).arg("--state").arg(state);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, input, lines, next: 0, said: Vec::new(), answer: Value::Null }
    }

    /// End it, as a client does.
    pub(super) async fn end(self) {
        let Self { mut child, input, .. } = self;
        drop(input);
        assert!(child.wait().await.unwrap().success());
    }

    /// One that has made the handshake; what the upstream says of itself is there, too.
    pub(super) async fn connected(state: &Path, mode: &str, policy: &Value, more: &[&str]) -> (Self, Value) {
        let mut driver = Self::start(state, &format!("{UPSTREAM} {mode}"), policy, more).await;
        let shown = driver.handshake(json!({})).await;
        (driver, shown)
    }

    pub(super) async fn handshake(&mut self, capabilities: Value) -> Value {
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1.0.0" } });
        let shown = self.ask("initialize", params).await;
        self.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await;
        shown
    }

    pub(super) async fn send(&mut self, message: &Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    pub(super) async fn next(&mut self) -> Value {
        let line = self.lines.next_line().await.unwrap().expect("the proxy is there");
        serde_json::from_str(&line).unwrap()
    }

    /// The result, or the error.
    pub(super) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        loop {
            let message = self.next().await;
            if message["id"] == id && message["method"].is_null() {
                return message.get("result").unwrap_or(&message["error"]).clone();
            }
            if !message["id"].is_null() && message["method"].is_string() {
                let answer = json!({ "jsonrpc": "2.0", "id": message["id"], "result": self.answer });
                self.send(&answer).await;
            }
            self.said.push(message);
        }
    }

    pub(super) async fn call(&mut self, tool: &str, arguments: Value) -> Value {
        self.ask("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// The code of a call that is refused, and its details.
    pub(super) async fn refused(&mut self, tool: &str, arguments: Value) -> (String, Value) {
        let result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{result}");
        let problem = &result["structuredContent"];
        (problem["code"].as_str().unwrap().to_owned(), problem.clone())
    }

    pub(super) async fn listed(&mut self) -> Vec<String> {
        let listed = self.ask("tools/list", json!({})).await;
        listed["tools"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    }
}
