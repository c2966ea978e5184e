//! HTTP/2 responses that end in the middle of a body: an error for the reader, never a hang.

use std::sync::Arc;

use bytes::Bytes;
use h2::Reason;
use h2::server::{Connection, SendResponse};
use http::{Request, Response};
use rustls::ServerConfig;
use serde_json::json;
use support::authority::Authority;
use support::cluster::run;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::trusting;

type Server = Connection<TlsStream<TcpStream>, Bytes>;

/// Reads the response's first chunk, reports it, and reads on.
const READ_ON: &str = "export default async (req) => {
    let sender, first = null;
    const body = new ReadableStream({ start(controller) { sender = controller; } });
    try {
        const answer = await fetch(await req.text(), { method: 'POST', body, duplex: 'half' });
        const reader = answer.body.getReader();
        first = new TextDecoder().decode((await reader.read()).value);
        sender.enqueue(new Uint8Array(1));
        for (;;) if ((await reader.read()).done) return Response.json('done');
    } catch (error) {
        return Response.json({ first, name: error.constructor.name, code: error.code, message: error.message });
    }
}";

/// An origin that aborts in the way named by the path, once the client has read the beginning of the response.
async fn origin(tls: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(tls);
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut server = h2::server::handshake(acceptor.accept(stream).await?).await?;
                while let Some(request) = server.accept().await {
                    let (request, respond) = request?;
                    break_off(&mut server, request, respond).await?;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            });
        }
    });
    port
}

async fn break_off(
    server: &mut Server,
    request: Request<h2::RecvStream>,
    mut respond: SendResponse<Bytes>,
) -> Result<(), h2::Error> {
    let path = request.uri().path().to_owned();
    if path == "/refuse" {
        respond.send_reset(Reason::INTERNAL_ERROR);
        return Ok(());
    }
    let mut body = request.into_body();
    let mut answer = respond.send_response(Response::new(()), false)?;
    answer.send_data(Bytes::from_static(b"first"), false)?;
    tokio::select! {
        _ = body.data() => {}
        // The connection makes progress while more is requested.
        _ = server.accept() => return Ok(()),
    }
    match path.as_str() {
        "/reset" => answer.send_reset(Reason::INTERNAL_ERROR),
        "/go-away" => server.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
        // The connection is dropped without GOAWAY.
        _ => return Err(Reason::NO_ERROR.into()),
    }
    Ok(())
}

#[test]
fn an_answer_that_breaks_off_is_an_error_for_its_reader() {
    run(async {
        let authority = Authority::default();
        let port = origin(authority.localhost(&["h2"])).await;
        let node = trusting(&authority).await;
        let app = node.app().await;
        app.deploy("read-on", READ_ON).await;
        let ask = async |path: &str| {
            let url = format!("https://localhost:{port}{path}");
            app.call("POST", "read-on").body(url).ok().await
        };
        for path in ["/reset", "/go-away", "/close"] {
            let answer = ask(path).await;
            let message = "fetch failed: the answer's body broke off";
            let expected =
                json!({ "first": "first", "name": "TypeError", "code": "FETCH_FAILED", "message": message });
            assert_eq!(answer, expected, "{path}");
        }
        let answer = ask("/refuse").await;
        assert_eq!((&answer["first"], &answer["code"]), (&json!(null), &json!("FETCH_FAILED")), "{answer}");
        assert!(node.shutdown().await);
    });
}
