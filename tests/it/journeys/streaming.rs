//! Streaming bodies: large ones in little memory, server-sent events, and client disconnects.

use serde_json::json;
use support::app::TestApp;
use support::client::read_to_end;
use support::cluster::run;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Larger than the function's memory, and far larger than any buffer on the path.
const MEGABYTES: usize = 96;
const SMALL: &str = "16";

async fn deploy(app: &TestApp, name: &str, code: &str) {
    let fields = json!({
        "trigger": { "type": "http", "config": { "auth": "none" } },
        "memoryLimitMb": SMALL.parse::<u32>().unwrap(),
    });
    app.deploy_with(name, code, fields).await;
}

async fn begin(app: &TestApp, name: &str, headers: &str) -> TcpStream {
    let mut stream = app.client.connect().await;
    let head = format!("POST {} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n", app.path("/fn/"));
    stream.write_all(head.replace("/fn/ ", &format!("/fn/{name} ")).as_bytes()).await.unwrap();
    stream
}

#[test]
fn a_large_upload_is_hashed_in_a_small_sandbox() {
    run(async {
        let app = TestApp::new().await;
        deploy(
            &app,
            "hash",
            "export default async (req) => {
                const digest = await crypto.subtle.digest('SHA-256', req.body);
                return new Response(new Uint8Array(digest).toHex());
            }",
        )
        .await;
        let piece = vec![7_u8; 1 << 20];
        let mut hash = ring::digest::Context::new(&ring::digest::SHA256);
        let mut upload = begin(&app, "hash", &format!("content-length: {}\r\n", MEGABYTES << 20)).await;
        for _ in 0..MEGABYTES {
            upload.write_all(&piece).await.unwrap();
            hash.update(&piece);
        }
        let answer = read_to_end(&mut upload).await;
        let expected: String = hash.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(answer.ends_with(&expected), "{answer}");
        let record = app.logs("hash").await.remove(0);
        assert!(record["memoryUsed"].as_u64().unwrap() <= 16 << 20, "{record}");
    });
}

#[test]
fn a_large_download_passes_piece_by_piece() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default () => {
            let left = LEFT;
            const pull = (controller) => {
                controller.enqueue(new Uint8Array(1 << 20).fill(left & 255));
                if (--left === 0) controller.close();
            };
            return new Response(new ReadableStream({ pull }), { headers: { 'content-type': 'x/y' } });
        }";
        deploy(&app, "fill", &code.replace("LEFT", &MEGABYTES.to_string())).await;
        let answer = app.call("GET", "fill").send().await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "x/y"));
        assert_eq!(answer.body.len(), MEGABYTES << 20);
        assert!(
            answer
                .body
                .chunks(1 << 20)
                .rev()
                .zip(1..)
                .all(|(piece, n)| piece.iter().all(|byte| *byte == n as u8))
        );
    });
}

#[test]
fn a_body_is_passed_on_while_it_arrives() {
    run(async {
        let app = TestApp::new().await;
        let upper = "new TransformStream({ transform: (text, out) => out.enqueue(text.toUpperCase()) })";
        let code = "export default (req) => new Response(req.body.pipeThrough(new TextDecoderStream())
            .pipeThrough(UPPER).pipeThrough(new TextEncoderStream()))";
        deploy(&app, "upper", &code.replace("UPPER", upper)).await;
        let mut stream = BufReader::new(begin(&app, "upper", "transfer-encoding: chunked\r\n").await);
        for line in ["one\n", "two\n"] {
            // The response to each line arrives before the next one is sent.
            let chunk = format!("{:x}\r\n{line}\r\n", line.len());
            stream.write_all(chunk.as_bytes()).await.unwrap();
            let mut said = String::new();
            while !said.contains(&line.to_uppercase()) {
                assert!(stream.read_line(&mut said).await.unwrap() > 0, "{said}");
            }
        }
        stream.write_all(b"0\r\n\r\n").await.unwrap();
        let mut rest = String::new();
        stream.read_to_string(&mut rest).await.unwrap();
        assert!(rest.ends_with("0\r\n\r\n"), "{rest:?}");
    });
}

#[test]
fn events_are_sent_as_they_happen_and_a_caller_who_leaves_is_noticed() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default (req, ctx) => {
            const encoder = new TextEncoder();
            let timer;
            const start = (controller) => {
                controller.enqueue(encoder.encode('data: {\"n\":1}\\nid: 1\\n\\n'));
                // Nothing else is sent.
                timer = setInterval(() => {}, 3_600_000);
                req.signal.addEventListener('abort', () => {
                    console.log('they left:', req.signal.reason.name);
                    clearInterval(timer);
                    controller.close();
                });
            };
            return new Response(new ReadableStream({ start }), { headers: { 'content-type': 'text/event-stream' } });
        }";
        deploy(&app, "events", code).await;
        let mut events = app.call("GET", "events").events().await;
        assert_eq!(events.next().await.unwrap().data, json!({ "n": 1 }));
        assert!(app.logs("events").await.is_empty(), "it is still running");
        drop(events);
        let record = loop {
            if let Some(record) = app.logs("events").await.pop() {
                break record;
            }
        };
        assert_eq!(record["statusCode"], 200, "{record}");
        assert!(record["consoleLogs"].to_string().contains("they left: AbortError"), "{record}");
    });
}

#[test]
fn a_body_that_breaks_off_is_never_taken_for_whole() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default () => {
            let sent = false;
            const pull = (controller) => {
                if (sent) throw new Error('the well is dry');
                sent = true;
                controller.enqueue(new TextEncoder().encode('some of it'));
            };
            return new Response(new ReadableStream({ pull }));
        }";
        deploy(&app, "breaks", code).await;
        let mut stream = begin(&app, "breaks", "content-length: 0\r\n").await;
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("some of it"), "{answer:?}");
        assert!(!answer.ends_with("0\r\n\r\n"), "{answer:?}");
        let record = app.logs("breaks").await.remove(0);
        assert_eq!(record["errorCode"], "FUNCTION_THREW", "{record}");
        assert!(record["error"].as_str().unwrap().contains("the well is dry"), "{record}");
    });
}

#[test]
fn a_response_stream_has_backpressure() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default (req) => {
            let made = 0;
            const pull = (controller) => { made += 1; controller.enqueue(new Uint8Array(1 << 20)); };
            const cancel = (reason) => console.log(reason.name, made);
            return new Response(new ReadableStream({ pull, cancel }));
        }";
        deploy(&app, "endless", code).await;
        let mut stream = begin(&app, "endless", "content-length: 0\r\n").await;
        let mut some = vec![0; 1 << 20];
        stream.read_exact(&mut some).await.unwrap();
        drop(stream);
        let record = loop {
            if let Some(record) = app.logs("endless").await.pop() {
                break record;
            }
        };
        let said = record["consoleLogs"][0]["message"].as_str().unwrap().to_owned();
        let made: usize = said.strip_prefix("AbortError ").expect(&said).parse().unwrap();
        assert!(made < 32, "{made} megabytes for one that was taken");
    });
}

#[test]
fn a_stream_that_fails_before_its_first_piece_is_an_error_like_any_other() {
    run(async {
        let app = TestApp::new().await;
        for (name, stream) in [
            ("start", "new ReadableStream({ start() { throw new Error('dry') } })"),
            ("pull", "new ReadableStream({ pull() { throw new Error('dry') } })"),
            ("later", "new ReadableStream({ async pull() { await null; throw new Error('dry') } })"),
            ("errored", "new ReadableStream({ start(c) { c.error(new Error('dry')) } })"),
            ("piped", "req.body.pipeThrough(new TransformStream({ start() { throw new Error('dry') } }))"),
            ("strings", "ReadableStream.from(['dry'])"),
        ] {
            deploy(&app, name, &format!("export default (req) => new Response({stream})")).await;
            let failed = app.call("POST", name).body("x").fails(500, "FUNCTION_THREW").await;
            assert_eq!(failed.header("x-error-source"), "function", "{name}");
            let record = app.logs(name).await.remove(0);
            assert_eq!(record["errorCode"], "FUNCTION_THREW", "{name}: {record}");
            assert_eq!(record["statusCode"], json!(null), "{name}: {record}");
        }
        let hung =
            "export default () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))";
        deploy(&app, "hung", hung).await;
        app.call("GET", "hung").fails(500, "FUNCTION_HUNG").await;
    });
}

#[test]
fn the_head_of_a_stream_whose_first_piece_takes_long_leaves_at_once() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default () => {
            let timer;
            const source = { start() { timer = setTimeout(() => {}, 3_600_000) }, cancel: () => clearTimeout(timer) };
            return new Response(new ReadableStream(source), { headers: { 'content-type': 'text/event-stream' } });
        }";
        deploy(&app, "quiet", code).await;
        let mut stream = BufReader::new(begin(&app, "quiet", "content-length: 0\r\n").await);
        let mut status = String::new();
        stream.read_line(&mut status).await.unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
    });
}
