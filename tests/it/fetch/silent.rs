//! An origin that stops responding on an HTTP/2 connection, which all of an app's requests would share.

use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use mayfly_control::config::Authorities;
use mayfly_egress::EgressClient;
use mayfly_ledger::Account;
use mayfly_runtime::providers::{Fetch, FetchRequest, GuestError, Redirect};
use rustls::ServerConfig;
use support::authority::Authority;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Answers the first request of each connection with the connection's number. From the second request on, the connection is not read any more.
async fn origin(tls: Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(tls);
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else { return };
            tokio::spawn(serve(acceptor.clone(), stream, number));
        }
    });
    port
}

async fn serve(
    acceptor: TlsAcceptor,
    stream: TcpStream,
    number: u32,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut server = h2::server::handshake(acceptor.accept(stream).await?).await?;
    let (_, mut respond) = server.accept().await.ok_or("no request")??;
    let mut body = respond.send_response(Response::new(()), false)?;
    body.send_data(Bytes::from(number.to_string()), true)?;
    let _second = server.accept().await;
    std::future::pending().await
}

async fn ask(fetch: &Arc<dyn Fetch>, port: u16) -> Result<Bytes, GuestError> {
    let request = FetchRequest {
        method: "GET".to_owned(),
        url: format!("https://localhost:{port}/"),
        headers: Vec::new(),
        body: None,
        redirect: Redirect::Follow,
    };
    let answer = Arc::clone(fetch).fetch(request).await?;
    Ok(answer.body.collect(100).await.unwrap())
}

#[tokio::test]
async fn a_connection_without_responses_is_closed_and_replaced() {
    let authority = Authority::default();
    let port = origin(authority.localhost(&["h2"])).await;
    let allow = ["127.0.0.1/32", "::1/128"].map(|range| range.parse().unwrap());
    let outbound = EgressClient::new(&allow, &Authorities::read(authority.file()).unwrap()).unwrap();
    let fetch = outbound.for_invocation("app_a", Account::default(), Arc::default(), None);
    assert_eq!(ask(&fetch, port).await.unwrap(), "0");
    // Time is paused: timeouts elapse at once, in order.
    tokio::time::pause();
    let error = ask(&fetch, port).await.unwrap_err();
    assert_eq!(error.message, "fetch failed: the exchange broke off");
    tokio::time::resume();
    assert_eq!(ask(&fetch, port).await.unwrap(), "1");
}
