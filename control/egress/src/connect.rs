//! Resolves once, checks every address, connects to one that was checked, and checks the connected peer again.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use mayfly_common::cidr::Cidr;
use mayfly_runtime::providers::BoxFuture;
use tokio::net::TcpStream;
use tower::Service;

use super::guard::check_address;
use super::resolve::Resolver;

/// Resolution and TCP handshake together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The connector under TLS: the name stays with the layers above (SNI, `Host`), the address is chosen here.
#[derive(Debug, Clone)]
pub(super) struct GuardedConnector {
    resolver: Resolver,
    allow: Arc<[Cidr]>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum ConnectError {
    /// The name leads to an address that functions may not reach. Which one stays unsaid: it is a probe's answer.
    NotPublic,
    /// The name does not resolve, or the host did not answer.
    Failed(io::Error),
    /// Not within the time.
    TimedOut,
}

impl GuardedConnector {
    pub(super) fn new(resolver: Resolver, allow: Arc<[Cidr]>) -> Self {
        Self { resolver, allow }
    }
}

impl Service<Uri> for GuardedConnector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, ConnectError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (resolver, allow) = (self.resolver.clone(), Arc::clone(&self.allow));
        Box::pin(async move {
            match tokio::time::timeout(CONNECT_TIMEOUT, connect(&uri, &resolver, &allow)).await {
                Ok(connected) => connected.map(TokioIo::new),
                Err(_) => Err(ConnectError::TimedOut),
            }
        })
    }
}

async fn connect(uri: &Uri, resolver: &Resolver, allow: &[Cidr]) -> Result<TcpStream, ConnectError> {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let addresses = check_all(&resolver.addresses(host, port).await.map_err(ConnectError::Failed)?, allow)?;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // What the kernel says it is connected to is what counts.
                let peer = stream.peer_addr().map_err(ConnectError::Failed)?;
                check_address(peer.ip(), allow).map_err(|_| ConnectError::NotPublic)?;
                // Only a matter of speed.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(ConnectError::Failed(last))
}

/// One address that is not public refuses the name: mixing them is an attack.
fn check_all(addresses: &[SocketAddr], allow: &[Cidr]) -> Result<Vec<SocketAddr>, ConnectError> {
    for address in addresses {
        check_address(address.ip(), allow).map_err(|_| ConnectError::NotPublic)?;
    }
    Ok(addresses.to_vec())
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotPublic => f.write_str("the host's address is not public"),
            Self::Failed(error) => write!(f, "no connection: {}", plain(error)),
            Self::TimedOut => {
                write!(f, "no connection within {} seconds", CONNECT_TIMEOUT.as_secs())
            }
        }
    }
}

impl Error for ConnectError {}

/// The kind of an error without addresses in it.
fn plain(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::ConnectionReset => "connection reset",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "host unreachable",
        io::ErrorKind::TimedOut => "timed out",
        _ => "the host was not found or did not answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_address_refuses_the_name() {
        let good: SocketAddr = "8.8.8.8:80".parse().unwrap();
        let bad: SocketAddr = "10.0.0.1:80".parse().unwrap();
        assert_eq!(check_all(&[good], &[]).unwrap(), [good]);
        assert!(matches!(check_all(&[good, bad], &[]), Err(ConnectError::NotPublic)));
        assert!(matches!(check_all(&[bad, good], &[]), Err(ConnectError::NotPublic)));
    }

    #[tokio::test]
    async fn a_name_for_loopback_is_refused_after_resolution() {
        let resolver = Resolver::of("a", Resolver::places());
        let refused = connect(&Uri::from_static("http://localhost:8080/"), &resolver, &[]).await;
        assert!(matches!(refused, Err(ConnectError::NotPublic)), "{refused:?}");
    }
}
