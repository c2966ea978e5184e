//! How fast is 1 GiB stored and read again over the S3 endpoint, beside the disk and the loopback that carry it; and in how
//! much memory?
#![allow(clippy::disallowed_methods, reason = "a bench runs a peer of its own beside the server")]

use std::convert::Infallible;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use mayfly_benches::figures;
use mayfly_benches::server::Server;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const BLOCK: usize = 512 << 10;
const BLOCKS: usize = 2_048;
const ROUNDS: usize = 3;

fn main() {
    mayfly_benches::run(measure());
}

async fn measure() {
    let server = Server::start().await;
    server.post("/storage/buckets", serde_json::json!({ "name": "bench" })).await;
    let (mut disk, mut loopback, mut put, mut get) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let before = memory_mib();
    // In turns: the machine's mood is the same for all.
    for round in 0..ROUNDS {
        disk.push(speed(|| write_file(server.directory())));
        loopback.push(speed_of(through_loopback()).await);
        let key = format!("object{round}");
        let url = presign(&server, "PUT", &key).await;
        put.push(speed_of(store(&server, &url)).await);
        let url = presign(&server, "GET", &key).await;
        get.push(speed_of(read(&server, &url)).await);
    }
    let grown = memory_mib() - before;
    let [disk, loopback, put, get] = [&mut disk, &mut loopback, &mut put, &mut get].map(|all| median(all));
    for (name, value) in [("disk", disk), ("loopback", loopback), ("PUT", put), ("GET", get)] {
        figures::note(&format!("storage_object/MiB a second, {name}"), value);
    }
    figures::note("storage_object/MiB more at the peak", grown);
    println!(
        "MiB a second: disk {disk:.0}, loopback {loopback:.0}; PUT {put:.0} ({:.0}% of the slower), GET {get:.0} ({:.0}% of loopback); \
         {grown:.0} MiB more at the peak",
        100.0 * put / disk.min(loopback),
        100.0 * get / loopback,
    );
    server.stop().await;
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// MiB a second of something that moves all blocks.
fn speed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    ((BLOCK * BLOCKS) >> 20) as f64 / begun.elapsed().as_secs_f64()
}

async fn speed_of(work: impl Future<Output = ()>) -> f64 {
    let begun = Instant::now();
    work.await;
    ((BLOCK * BLOCKS) >> 20) as f64 / begun.elapsed().as_secs_f64()
}

/// What a durable write of as many bytes costs on the server's own disk.
fn write_file(directory: &Path) {
    let path = directory.join("bench.bin");
    let mut file = std::fs::File::create(&path).expect("a file");
    let block = vec![7; BLOCK];
    for _ in 0..BLOCKS {
        file.write_all(&block).expect("the disk has room");
    }
    file.sync_all().expect("the disk takes it");
    std::fs::remove_file(path).expect("it is removed");
}

/// As many bytes through a socket, without any protocol.
async fn through_loopback() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let sink = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a connection");
        let mut buffer = vec![0; BLOCK];
        while socket.read(&mut buffer).await.expect("bytes") > 0 {}
    });
    let mut socket = TcpStream::connect(address).await.expect("a connection");
    let block = vec![7; BLOCK];
    for _ in 0..BLOCKS {
        socket.write_all(&block).await.expect("the other side reads");
    }
    drop(socket);
    sink.await.expect("the other side has read all");
}

async fn presign(server: &Server, method: &str, key: &str) -> String {
    let body = serde_json::json!({ "method": method, "bucket": "bench", "key": key });
    let answer = server.post("/storage/presign", body).await;
    let url = answer["url"].as_str().expect("a URL");
    let path = url.find("/v1/").expect("a path");
    url[path..].to_owned()
}

async fn store(server: &Server, path: &str) {
    let block = Bytes::from(vec![7; BLOCK]);
    let blocks = stream::iter((0..BLOCKS).map(move |_| Ok::<_, Infallible>(Frame::data(block.clone()))));
    let status = send(server, "PUT", path, StreamBody::new(blocks)).await.0;
    assert_eq!(status, 200, "the object is stored");
}

async fn read(server: &Server, path: &str) {
    let none = stream::iter(std::iter::empty::<Result<Frame<Bytes>, Infallible>>());
    let (status, bytes) = send(server, "GET", path, StreamBody::new(none)).await;
    assert_eq!((status, bytes), (200, BLOCK * BLOCKS), "the object is read");
}

async fn send<S>(server: &Server, method: &str, path: &str, body: StreamBody<S>) -> (u16, usize)
where
    S: futures_util::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + 'static,
{
    let socket = TcpStream::connect(server.address).await.expect("a connection");
    let (mut client, connection) = handshake(TokioIo::new(socket)).await.expect("a handshake");
    tokio::spawn(connection);
    let length = if method == "PUT" { BLOCK * BLOCKS } else { 0 };
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", server.address.to_string())
        .header("content-length", length)
        .body(Box::pin(body))
        .expect("the request is well formed");
    let mut answer = client.send_request(request).await.expect("an answer");
    let mut bytes = 0;
    while let Some(frame) = answer.body_mut().frame().await {
        bytes += frame.expect("the whole body").data_ref().map_or(0, Bytes::len);
    }
    (answer.status().as_u16(), bytes)
}

/// The most memory that this process, server and client, ever had. 0 where the system does not say.
fn memory_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}
