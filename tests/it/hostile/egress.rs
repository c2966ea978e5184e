//! Egress attacks: a function that tries to reach forbidden addresses.

use serde_json::json;
use support::app::{Node, TestApp};
use support::cluster::run;
use tokio::net::TcpListener;

const FETCH: &str = "export default async (req) => {
    try {
        const answer = await fetch(await req.text());
        return Response.json({ status: answer.status, text: await answer.text() });
    } catch (error) {
        return Response.json({ code: error.code ?? error.cause?.code, message: error.message });
    }
}";

#[test]
fn no_spelling_reaches_this_machine_or_its_network() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("fetch", FETCH).await;
        // A reachable target exists: the server itself.
        let port = app.client.address().port();
        for host in [
            "127.0.0.1",
            "localhost",
            "127.1",
            "0x7f.1",
            "2130706433",
            "0177.0.0.1",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "0.0.0.0",
        ] {
            let answer = app.call("POST", "fetch").body(format!("http://{host}:{port}/livez")).ok().await;
            assert_eq!(answer["code"], "EGRESS_DENIED", "{host}: {answer}");
        }
        for url in [
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1/",
            "http://192.168.1.1/",
            "http://[fd00:ec2::254]/",
        ] {
            let answer = app.call("POST", "fetch").body(url).ok().await;
            assert_eq!(answer["code"], "EGRESS_DENIED", "{url}: {answer}");
        }
        // Requests that the Fetch standard forbids are refused before the host is asked.
        for url in ["http://example.com:25/", "http://user:pw@example.com/"] {
            let answer = app.call("POST", "fetch").body(url).ok().await;
            assert!(answer["message"].is_string() && answer["code"].is_null(), "{url}: {answer}");
        }
    });
}

#[test]
fn an_origin_that_the_operator_allows_is_reached_and_cannot_lead_elsewhere() {
    run(async {
        let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = origin.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = origin.accept().await {
                let mut buffer = [0; 4096];
                let n = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&buffer[..n]).into_owned();
                let parent =
                    request.lines().find_map(|line| line.strip_prefix("traceparent: ")).unwrap_or("none");
                let traced = format!(
                    "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{parent}",
                    parent.len()
                );
                let answer: &[u8] = if request.starts_with("GET /trace") {
                    traced.as_bytes()
                } else if request.starts_with("GET /away") {
                    b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.2:1/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                } else {
                    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello"
                };
                let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, answer).await;
            }
        });
        let node = Node::start(|config| config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()]).await;
        let app = node.app().await;
        app.deploy("fetch", FETCH).await;
        let fetch = |path: &str| app.call("POST", "fetch").body(format!("http://{address}{path}"));
        assert_eq!(fetch("/").ok().await, json!({ "status": 200, "text": "hello" }));
        assert_eq!(fetch("/away").ok().await["code"], "EGRESS_DENIED");

        let caller = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let traced =
            fetch("/trace").header("traceparent", caller).ok().await["text"].as_str().unwrap().to_owned();
        assert!(
            traced.starts_with(&caller[..36]) && traced != caller,
            "the caller's trace goes on: {traced}"
        );
        let started = fetch("/trace").ok().await["text"].as_str().unwrap().to_owned();
        assert!(started.starts_with("00-") && !started.contains(&caller[3..35]), "{started}");
        assert!(node.shutdown().await);
    });
}
