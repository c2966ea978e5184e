//! Baselines (floors) that figures are compared with, measured in the same run.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A bare hyper server that answers every request with the same JSON as the hello function.
pub async fn hyper_hello() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).expect("the socket takes options");
            let service = service_fn(|_request| async {
                let body = Full::new(Bytes::from_static(b"{\"hello\":\"world\"}"));
                let response =
                    http::Response::builder().header("content-type", "application/json").body(body);
                Ok::<_, Infallible>(response.expect("the response is well formed"))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
