//! How long does a policy take to decide a call, and what does `mayfly mcp proxy` add to one?
//!
//! The proxy's part is the difference of two round trips to the same server, one of them through a proxy. A part of that is the
//! disk's: each decision is on it before its call runs.

use std::io::{BufRead as _, Write as _};
use std::process::Stdio;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use mayfly_benches::figures;
use mayfly_mcp_proxy::{Proxy, ProxySettings, Target, UpstreamSettings};
use mayfly_policy::{CompiledPolicy, PolicyCall, PolicyCaller};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};

const CALLS: usize = 2_000;
/// By this argument the bench is the server behind the proxy.
const UPSTREAM: &str = "--upstream";

fn policy() -> CompiledPolicy {
    let arguments = json!({
        "app_id": { "equals": "app_abc123def456" },
        "timeoutMs": { "maximum": 5000 },
        "name": { "pattern": "^[a-z-]+$" },
        "trigger.config.auth": { "one_of": ["required"] },
        "trigger": { "schema": { "type": "object", "required": ["type"] } },
    });
    let limits = json!([{ "counter": "deploys", "window": "day", "max": 1_000_000, "scope": "grant" }]);
    let rule = json!({ "arguments": arguments, "limits": limits });
    let text = json!({ "version": "1", "tools": { "deploy_function": rule, "echo": { "limits": limits } } });
    CompiledPolicy::parse(text.to_string().as_bytes(), None).expect("the policy is valid")
}

fn decisions(criterion: &mut Criterion) {
    let policy = policy();
    let caller = PolicyCaller {
        key_id: Some("key_0123456789".into()),
        role: "service".into(),
        ..PolicyCaller::default()
    };
    let arguments = json!({ "app_id": "app_abc123def456", "name": "send-welcome-email", "code": "x".repeat(1_000),
        "timeoutMs": 1000, "trigger": { "type": "http", "config": { "auth": "required" } } });
    let arguments = arguments.as_object().expect("an object");
    criterion.bench_function("policy/decision", |bencher| {
        bencher.iter(|| {
            policy.decide(&PolicyCall { tool: "deploy_function", arguments, caller: &caller, app: None })
        });
    });
}

/// A server with one tool, on stdin and stdout.
fn upstream() {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let message: Value = serde_json::from_str(&line).expect("a message");
        let result = match message["method"].as_str() {
            Some("initialize") => json!({ "protocolVersion": message["params"]["protocolVersion"],
                "capabilities": { "tools": {} }, "serverInfo": { "name": "echo", "version": "1.0.0" } }),
            Some("tools/list") => {
                json!({ "tools": [{ "name": "echo", "inputSchema": { "type": "object" } }] })
            }
            Some("tools/call") => json!({ "content": [{ "type": "text", "text": "hi" }] }),
            _ => continue,
        };
        writeln!(out, "{}", json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }))
            .expect("it is read");
        out.flush().expect("it is read");
    }
}

/// The median of calls, one after the other.
async fn calls(output: impl AsyncRead + Unpin, mut input: impl AsyncWrite + Unpin) -> Duration {
    let mut lines = BufReader::new(output).lines();
    let about = json!({ "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "bench", "version": "1.0.0" } });
    let mut times = Vec::with_capacity(CALLS);
    for id in 0..=CALLS {
        let (method, params) = match id {
            0 => ("initialize", about.clone()),
            _ => ("tools/call", json!({ "name": "echo", "arguments": {} })),
        };
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let begun = Instant::now();
        input.write_all(format!("{message}\n").as_bytes()).await.expect("it is read");
        let answer = lines.next_line().await.expect("it answers").expect("it is there");
        assert!(answer.contains("\"result\"") && !answer.contains("isError\":true"), "{answer}");
        if id > 0 {
            times.push(begun.elapsed());
        }
    }
    times.sort_unstable();
    times[times.len() / 2]
}

async fn proxy() {
    let program = std::env::current_exe().expect("the bench has a path").display().to_string();
    let mut direct = tokio::process::Command::new(&program);
    let mut child =
        direct.arg(UPSTREAM).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let (output, input) = (child.stdout.take().expect("a pipe"), child.stdin.take().expect("a pipe"));
    let direct = calls(output, input).await;
    let state = tempfile::tempdir().expect("a folder");
    let target = Target::Command(vec![program, UPSTREAM.to_owned()]);
    let settings = ProxySettings {
        upstream: UpstreamSettings::new(target, None),
        policy: policy(),
        state: state.path().to_owned(),
        audit: state.path().join("audit.jsonl"),
        elicit: false,
        identity: "bench".to_owned(),
        session: None,
        listen: None,
        tell: |_| (),
        keys: None,
    };
    let proxy = Proxy::open(settings).await.expect("it opens");
    let ((client, server), (to, from)) = (tokio::io::duplex(1 << 16), tokio::io::duplex(1 << 16));
    let (through, ended) = tokio::join!(calls(from, client), proxy.run(server, to, std::future::pending()));
    ended.expect("it ends with its client");
    let added = through.saturating_sub(direct).as_secs_f64() * 1_000.0;
    figures::note("policy/ms that the proxy adds to a call", added);
    println!("direct {direct:?}, through the proxy {through:?}: {added:.3} ms more");
}

criterion_group!(benches, decisions);

fn main() {
    if std::env::args().any(|argument| argument == UPSTREAM) {
        return upstream();
    }
    tokio::runtime::Runtime::new().expect("an executor starts").block_on(proxy());
    benches();
    Criterion::default().configure_from_args().final_summary();
}
