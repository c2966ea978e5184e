//! How many events a second do websockets echo, each through a fresh sandbox; and what does an idle socket cost?
#![allow(clippy::disallowed_methods, reason = "a bench spawns by itself")]

use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use mayfly_benches::figures;
use mayfly_benches::memory::Resident;
use mayfly_benches::server::Server;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

const FUNCTION: &str = "export default async (req) => Response.json((await req.json()).payload)";
const SOCKETS: usize = 32;
/// Events of a socket that are on their way at once.
const AT_ONCE: usize = 4;
const FOR: Duration = Duration::from_secs(8);
const IDLE: usize = 5_000;

fn main() {
    mayfly_benches::run(measure());
}

async fn measure() {
    let server = Server::start().await;
    server.deploy_with("echo", FUNCTION, &serde_json::json!({ "type": "websocket" })).await;
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(open(&server).await);
    }
    let began = Instant::now();
    let talks: Vec<_> = sockets.into_iter().map(|socket| tokio::spawn(talk(socket, began + FOR))).collect();
    let mut events = 0;
    for talk in talks {
        events += talk.await.expect("a socket talks to its end");
    }
    let rate = events as f64 / began.elapsed().as_secs_f64();
    figures::note("socket_events/events a second", rate);
    println!("{rate:.0} events a second over {SOCKETS} sockets");

    let before = Resident::now().anonymous;
    let mut idle = Vec::new();
    for _ in 0..IDLE {
        idle.push(open(&server).await);
    }
    // The clients are in this process, too: theirs is counted with the server's.
    let each = Resident::now().anonymous.saturating_sub(before) as f64 / IDLE as f64;
    figures::note("socket_events/KiB of an idle socket, its client included", each);
    println!("{each:.1} KiB for each of {IDLE} idle sockets, with their clients");
    drop(idle);
    server.stop().await;
}

async fn open(server: &Server) -> WebSocketStream<TcpStream> {
    let url = format!("ws://{}/v1/{}/realtime?token={}", server.address, server.app_id, server.service_key);
    let stream = TcpStream::connect(server.address).await.expect("the server accepts");
    stream.set_nodelay(true).expect("the socket takes options");
    let mut socket = client_async(url, stream).await.expect("the socket opens").0;
    socket.next().await.expect("a greeting").expect("a frame");
    socket
}

/// Send events and read their answers until then; how many there were.
async fn talk(mut socket: WebSocketStream<TcpStream>, until: Instant) -> usize {
    let event = || Message::text(r#"{"type":"event","event":"echo","payload":{"text":"hello"}}"#);
    for _ in 0..AT_ONCE {
        socket.send(event()).await.expect("an event is sent");
    }
    let mut answered = 0;
    while Instant::now() < until {
        let answer = socket.next().await.expect("an answer").expect("a frame");
        let text = answer.to_text().expect("text");
        if text.contains("event_response") {
            assert!(text.contains(r#""status":200"#), "{text}");
            answered += 1;
            socket.send(event()).await.expect("an event is sent");
        }
    }
    answered
}
