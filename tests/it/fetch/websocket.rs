//! `WebSocket` in a function, to a server over TLS: what is said, what is refused, and what is counted and recorded of it.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt as _, StreamExt as _};
use rustls::ServerConfig;
use serde_json::json;
use support::authority::Authority;
use support::cluster::run;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

use super::trusting;

const TALK: &str = "export default async (req, ctx) => {
    const { url, send } = await req.json(), heard = [];
    const socket = new WebSocket(url);
    return await new Promise((done) => {
        socket.onopen = () => send.forEach((text) => socket.send(text));
        socket.onmessage = (e) => { heard.push(e.data); if (heard.length === send.length) socket.close(1000, 'heard') };
        socket.onerror = (e) => heard.push(e.error.code, e.message);
        socket.onclose = (e) => done(Response.json([heard, e.code, e.wasClean]));
    });
}";

/// A server of sockets that says everything twice as loud. It ends with the process.
async fn server(tls: Arc<ServerConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = TlsAcceptor::from(tls);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that rejects the certificate disconnects here.
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let Ok(mut socket) = accept_async(stream).await else { continue };
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message {
                    socket.send(Message::text(text.to_uppercase())).await.unwrap();
                }
            }
        }
    });
    address
}

#[test]
fn a_function_talks_to_a_server_that_it_may_reach_and_trusts() {
    run(async {
        let (authority, stranger) = (Authority::default(), Authority::default());
        let node = trusting(&authority).await;
        let app = node.app().await;
        app.deploy("talk", TALK).await;
        let talk = |url: String| {
            let app = &app;
            async move {
                let asked = json!({ "url": url, "send": ["a", "caf\u{e9}"] });
                app.call("POST", "talk").json(asked).ok().await
            }
        };
        let good = server(authority.localhost(&["http/1.1"])).await;
        let url = format!("wss://localhost:{}/", good.port());
        assert_eq!(talk(url).await, json!([["A", "CAF\u{c9}"], 1000, true]));
        let bad = server(stranger.localhost(&["http/1.1"])).await;
        let why = "WebSocket failed: the host's certificate was not issued by a trusted authority";
        let url = format!("wss://localhost:{}/", bad.port());
        assert_eq!(talk(url).await, json!([["FETCH_FAILED", why], 1006, false]));
        let why = "WebSocket refused: 169.254.169.254 is not a public address";
        assert_eq!(
            talk("ws://169.254.169.254/".to_owned()).await,
            json!([["EGRESS_DENIED", why], 1006, false])
        );
        assert!(node.shutdown().await);
    });
}
