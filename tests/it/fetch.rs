//! `fetch` over TLS: the HTTP version, the reuse of connections, and the trusted authorities.

mod broken;
mod certificates;
mod http2;
mod silent;
mod websocket;

use mayfly_control::config::Authorities;
use support::app::Node;
use support::authority::Authority;

/// A server whose functions may reach the loopback, and trust this certificate authority.
async fn trusting(authority: &Authority) -> Node {
    Node::start(|config| {
        config.fetch_allow = ["127.0.0.1/32", "::1/128"].map(|range| range.parse().unwrap()).into();
        config.extra_authorities = Authorities::read(authority.file()).unwrap();
    })
    .await
}
