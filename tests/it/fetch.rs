//! `fetch` over TLS: which HTTP is spoken, over which connections, and whom a server trusts.

mod broken;
mod certificates;
mod http2;
mod silent;

use mayfly_control::config::Authorities;
use support::app::Node;
use support::authority::Authority;

/// A server whose functions may reach this machine, and trust this authority.
async fn trusting(authority: &Authority) -> Node {
    Node::start(|config| {
        config.fetch_allow = ["127.0.0.1/32", "::1/128"].map(|range| range.parse().unwrap()).into();
        config.extra_authorities = Authorities::read(authority.file()).unwrap();
    })
    .await
}
