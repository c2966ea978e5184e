//! An HTTPS origin that reports how it was reached: HTTP version and connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::Barrier;
use tokio_rustls::TlsAcceptor;

/// The server. It ends with the process.
///
/// `/echo` streams the request's body back; `/together` answers when `party` requests have arrived; any other path returns
/// `{version, connection}`.
#[derive(Debug)]
pub struct SecureOrigin {
    port: u16,
}

impl SecureOrigin {
    /// Starts one with this certificate.
    pub async fn start(tls: Arc<ServerConfig>, party: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(serve(listener, TlsAcceptor::from(tls), Arc::new(Barrier::new(party))));
        Self { port }
    }

    /// Its address as a URL.
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, party: Arc<Barrier>) {
    let connections = AtomicU32::new(0);
    while let Ok((stream, _)) = listener.accept().await {
        let connection = connections.fetch_add(1, Ordering::SeqCst);
        let (acceptor, party) = (acceptor.clone(), Arc::clone(&party));
        tokio::spawn(async move {
            // A client that rejects the certificate disconnects here.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let service = service_fn(|request| answer(request, connection, Arc::clone(&party)));
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

type Answer = Response<Either<Full<Bytes>, Incoming>>;

async fn answer(
    request: Request<Incoming>,
    connection: u32,
    party: Arc<Barrier>,
) -> Result<Answer, hyper::Error> {
    let version = format!("{:?}", request.version());
    match request.uri().path() {
        "/echo" => return Ok(Response::new(Either::Right(request.into_body()))),
        "/together" => {
            party.wait().await;
        }
        _ => {
            request.into_body().collect().await?;
        }
    }
    let text = serde_json::json!({ "version": version, "connection": connection }).to_string();
    Ok(Response::new(Either::Left(Full::from(text))))
}
