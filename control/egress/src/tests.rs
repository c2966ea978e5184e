//! `fetch` against an origin on loopback: what it sends, follows, limits and refuses.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::*;
use bytes::Bytes;
use mayfly_runtime::providers::Redirect;
use mayfly_runtime::{Body, Chunks};

/// An origin that answers each connection by the first line of its request; the whole request is passed on.
async fn origin() -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, seen_by_test) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut text = Vec::new();
            let mut buffer = [0; 4096];
            while !text.windows(4).any(|w| w == b"\r\n\r\n") {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => text.extend_from_slice(&buffer[..n]),
                }
            }
            let text = String::from_utf8_lossy(&text).into_owned();
            let path = text.split(' ').nth(1).unwrap_or("/").to_owned();
            let answer = match path.as_str() {
                "/loop" => "HTTP/1.1 302 Found\r\nlocation: /loop\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                "/to-metadata" => "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                "/to-hello" => "HTTP/1.1 303 See Other\r\nlocation: /hello\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                "/again" => "HTTP/1.1 307 Temporary Redirect\r\nlocation: /\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
                "/cut" => "HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nabc".to_owned(),
                _ => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-origin: caf\u{e9}\r\nconnection: close\r\n\r\nhi".to_owned(),
            };
            let _ = seen.send(text);
            let packed = match path.as_str() {
                "/gzip" => Some(("gzip", gzip(b"hi").await)),
                "/bomb" => Some(("gzip", gzip(&vec![b'x'; 1 << 20]).await)),
                "/no-gzip" => Some(("gzip", b"hi".to_vec())),
                _ => None,
            };
            if let Some((encoding, body)) = packed {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.write_all(&body).await;
                continue;
            }
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, seen_by_test)
}

async fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    encoder.write_all(plain).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// The body of a response, read within a limit.
async fn body(url: String, bytes_max: u64) -> Result<Bytes, String> {
    let egress = EgressClient::new(&["127.0.0.1/32".parse().unwrap()], &Authorities::default()).unwrap();
    let fetch = egress.for_app("app_a");
    let account = Account::default();
    let limits =
        FetchLimits { allow: &fetch.allow, lists: None, account: &account, body_bytes_max: bytes_max };
    let answer = exchange::run(&fetch.client, limits, get(url)).await.map_err(|error| error.to_string())?;
    assert!(!answer.headers.iter().any(|(name, _)| name == "content-encoding"));
    answer.body.collect(usize::MAX).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn bodies_are_decompressed_within_their_limit() {
    let (address, _seen) = origin().await;
    let url = |path: &str| format!("http://{address}{path}");
    assert_eq!(body(url("/gzip"), 2).await.unwrap(), "hi");
    assert_eq!(body(url("/bomb"), 1 << 20).await.unwrap().len(), 1 << 20);
    for (path, bytes_max, why) in [
        ("/", 1, "more than 1 bytes"),
        ("/gzip", 1, "more than 1 bytes"),
        ("/bomb", (1 << 20) - 1, "more than 1048575 bytes"),
        ("/no-gzip", 100, "cannot be decompressed"),
        ("/cut", 100, "broke off"),
    ] {
        let refused = body(url(path), bytes_max).await.unwrap_err();
        assert!(refused.contains(why), "{path}: {refused}");
    }
}

#[tokio::test]
async fn a_body_is_sent_while_it_is_made_and_only_once() {
    let (address, mut seen) = origin().await;
    let stream = || {
        let pieces = futures_util::stream::iter([Ok(Bytes::from("ab")), Ok(Bytes::from("cd"))]);
        Some(Body::Stream(Chunks::new(pieces)))
    };
    let post = |path: &str| FetchRequest {
        method: "POST".into(),
        body: stream(),
        ..get(format!("http://{address}{path}"))
    };
    open().fetch(post("/")).await.unwrap();
    let sent = seen.recv().await.unwrap().to_lowercase();
    assert!(sent.contains("transfer-encoding: chunked"), "{sent}");
    let again = open().fetch(post("/again")).await.unwrap_err();
    assert!(again.message.contains("a redirect asks for the body again"), "{again}");
}

fn get(url: String) -> FetchRequest {
    FetchRequest { method: "GET".into(), url, headers: Vec::new(), body: None, redirect: Redirect::Follow }
}

fn open() -> Arc<dyn Fetch> {
    EgressClient::new(&["127.0.0.1/32".parse().unwrap()], &Authorities::default()).unwrap().for_invocation(
        "app_a",
        Account::default(),
        Arc::default(),
        None,
    )
}

#[tokio::test]
async fn loopback_is_refused_unless_the_operator_allows_it() {
    let (address, mut seen) = origin().await;
    let closed = EgressClient::new(&[], &Authorities::default()).unwrap().for_invocation(
        "app_a",
        Account::default(),
        Arc::default(),
        None,
    );
    for host in ["127.0.0.1", "localhost", "0x7f.1", "[::ffff:127.0.0.1]", "2130706433"] {
        let error =
            Arc::clone(&closed).fetch(get(format!("http://{host}:{}/", address.port()))).await.unwrap_err();
        assert_eq!(error.code, "EGRESS_DENIED", "{host}: {error}");
    }
    assert!(seen.try_recv().is_err(), "there was no connection");
    let answer = open().fetch(get(format!("http://{address}/"))).await.unwrap();
    assert_eq!((answer.status, answer.status_text.as_str()), (200, "OK"));
    assert_eq!(answer.body.whole().unwrap(), "hi");
}

#[tokio::test]
async fn a_request_goes_out_as_it_was_made() {
    let (address, mut seen) = origin().await;
    let request = FetchRequest {
        method: "PATCH".into(),
        url: format!("http://{address}/a%20b?c=d#e"),
        headers: vec![("X-A".into(), "1".into()), ("Host".into(), "evil".into())],
        body: Some("xyz".into()),
        redirect: Redirect::Follow,
    };
    let answer = open().fetch(request).await.unwrap();
    assert_eq!(answer.url, format!("http://{address}/a%20b?c=d"));
    let text = seen.recv().await.unwrap().to_lowercase();
    assert!(text.starts_with("patch /a%20b?c=d http/1.1\r\n"), "{text}");
    for line in [
        &format!("host: {address}"),
        "x-a: 1",
        "accept: */*",
        "accept-encoding: gzip, deflate, br",
        "content-length: 3",
        "traceparent: 00-",
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
    assert!(!text.contains("evil"));
}

#[tokio::test]
async fn redirects_are_followed_checked_and_counted() {
    let (address, mut seen) = origin().await;
    let request = |redirect| FetchRequest {
        method: "POST".into(),
        body: Some("x".into()),
        redirect,
        ..get(format!("http://{address}/to-hello"))
    };
    let answer = open().fetch(request(Redirect::Follow)).await.unwrap();
    assert!(answer.redirected && answer.url.ends_with("/hello"));
    assert!(seen.recv().await.unwrap().starts_with("POST /to-hello"));
    assert!(seen.recv().await.unwrap().starts_with("GET /hello"));

    let manual = open().fetch(request(Redirect::Manual)).await.unwrap();
    assert_eq!((manual.status, manual.redirected), (303, false));
    let error = open().fetch(request(Redirect::Error)).await.unwrap_err();
    assert_eq!(error.code, "FETCH_FAILED");

    let error = open().fetch(get(format!("http://{address}/to-metadata"))).await.unwrap_err();
    assert_eq!(error.code, "EGRESS_DENIED", "{error}");
    let error = open().fetch(get(format!("http://{address}/loop"))).await.unwrap_err();
    assert!(error.message.contains("20 redirects"), "{error}");
}

#[tokio::test]
async fn breaks_and_refusals_are_errors() {
    let (address, _seen) = origin().await;
    let error = open().fetch(get(format!("http://{address}/cut"))).await.unwrap_err();
    assert!(error.message.contains("broke off"), "{error}");
    for (url, code) in [
        ("nonsense", "FETCH_FAILED"),
        ("ftp://example.com/", "EGRESS_DENIED"),
        ("http://u:p@example.com/", "EGRESS_DENIED"),
        ("http://127.0.0.1:22/", "EGRESS_DENIED"),
        ("http://127.0.0.1:1024/", "FETCH_FAILED"),
    ] {
        assert_eq!(open().fetch(get(url.into())).await.unwrap_err().code, code, "{url}");
    }
    for method in ["CONNECT", "TRACE", "TRACK", "track", "G ET", ""] {
        let request = FetchRequest { method: method.into(), ..get(format!("http://{address}/")) };
        assert_eq!(open().fetch(request).await.unwrap_err().code, "FETCH_FAILED", "{method}");
    }
}

#[tokio::test]
async fn apps_do_not_share_a_pool() {
    let egress = EgressClient::new(&[], &Authorities::default()).unwrap();
    let a = egress.for_app("app_a");
    assert!(Arc::ptr_eq(&a, &egress.for_app("app_a")));
    assert!(!Arc::ptr_eq(&a, &egress.for_app("app_b")));
}
