//! Both loads against a server of known behaviour: they count what happened, and say so.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mayfly_bench::connection::{Connection, request};
use mayfly_bench::load::{Shot, Target, closed, open};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that answers request number `n` as `answer` says, or closes the connection; and the count of its requests.
async fn server(
    answer: impl Fn(u64) -> Option<&'static str> + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicU64::new(0));
    let (counted, answer) = (Arc::clone(&count), Arc::new(answer));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (counted, answer) = (Arc::clone(&counted), Arc::clone(&answer));
            tokio::spawn(async move {
                let mut buffer = [0; 1_024];
                // Requests are small and one at a time, so each is one read.
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    let number = counted.fetch_add(1, Ordering::SeqCst);
                    let Some(text) = answer(number) else { return };
                    if stream.write_all(text.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (address, count)
}

const RIGHT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nright";
const WRONG: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong";
const ERROR: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 5\r\n\r\nright";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nri\r\n3\r\nght\r\n0\r\n\r\n";

fn target(address: SocketAddr) -> Target {
    Target::new(address, request("GET", "/", &[], b""), b"right")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_loop_counts_every_answer() {
    let (address, count) = server(|_| Some(RIGHT)).await;
    let tally = closed(&target(address), 4, Duration::ZERO, Duration::from_millis(200)).await;
    assert!(tally.right > 0);
    assert_eq!(tally.right, count.load(Ordering::SeqCst));
    assert_eq!((tally.wrong, tally.failed), (0, 0));
    assert_eq!(tally.latency().count, tally.right);
    assert!(tally.rate() > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_before_does_not_count() {
    let (address, count) = server(|_| Some(RIGHT)).await;
    let warm = Duration::from_millis(200);
    let tally = closed(&target(address), 2, warm, Duration::from_millis(50)).await;
    assert!(tally.right > 0 && tally.right < count.load(Ordering::SeqCst));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_answers_and_lost_ones_are_told_apart() {
    let (address, _) = server(|number| match number % 4 {
        0 => Some(RIGHT),
        1 => Some(WRONG),
        2 => Some(ERROR),
        _ => None,
    })
    .await;
    let tally = open(&target(address), 1, 1_000.0, Duration::from_millis(80)).await;
    // Eighty requests, a fourth of each kind.
    assert_eq!((tally.right, tally.wrong, tally.failed), (20, 40, 20));
    assert_eq!(tally.example.as_deref(), Some("200: wrong"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_sends_at_its_rate_whatever_the_server_does() {
    let (address, count) = server(|_| Some(RIGHT)).await;
    let tally = open(&target(address), 8, 500.0, Duration::from_millis(400)).await;
    assert_eq!(tally.right, 200);
    assert_eq!(count.load(Ordering::SeqCst), 200);
    assert_eq!(tally.latency().count, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_stalled_server_is_charged_for_it() {
    // The first request's answer comes after a fifth of a second; all later ones wait for the same connection.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1_024];
        let mut first = true;
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
            if std::mem::take(&mut first) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            stream.write_all(RIGHT.as_bytes()).await.unwrap();
        }
    });
    let tally = open(&target(address), 1, 100.0, Duration::from_millis(100)).await;
    assert_eq!(tally.right, 10);
    // The tenth was meant to be sent after 90 ms, and had no answer before 200.
    assert!(tally.latency().p50_us >= 100_000, "{:?}", tally.latency());
}

#[tokio::test]
async fn chunks_are_one_body() {
    let (address, _) = server(|_| Some(CHUNKED)).await;
    let mut connection = Connection::open(address).await.unwrap();
    for _ in 0..3 {
        let (status, body) = connection.send(&request("GET", "/", &[], b"")).await.unwrap();
        assert_eq!((status, body), (200, &b"right"[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_repeats_its_requests_in_order() {
    let (address, count) = server(|number| if number % 2 == 0 { Some(RIGHT) } else { Some(CHUNKED) }).await;
    let shot = |answer: Option<&'static str>| Shot {
        request: request("GET", "/", &[], b"").into(),
        answer: answer.map(|text| text.as_bytes().into()),
    };
    let target = Target { address, shots: vec![shot(Some("right")), shot(None)] };
    let tally = open(&target, 1, 1_000.0, Duration::from_millis(20)).await;
    assert_eq!((tally.right, count.load(Ordering::SeqCst)), (20, 20));
}
