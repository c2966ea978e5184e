//! The side of a client: who asks, and by which connection to the upstream.

use std::sync::Arc;

use http::HeaderName;
use mayfly_common::digest::sha256_hex;
use rmcp::RoleServer;
use rmcp::service::RequestContext;

use crate::common::{Asking, ProxyCommon, UpstreamPlace};
use crate::upstream::Upstream;

/// Names a session over HTTP.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// Digits of a session's name.
const DIGITS: usize = 32;

/// See the file's head. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ClientSide {
    pub(crate) common: Arc<ProxyCommon>,
    pub(crate) own: Arc<UpstreamPlace>,
    /// Whether a client that made no handshake has to share a connection.
    pub(crate) is_shared: bool,
}

/// Who sends a request, by their key; the edge of the proxy has looked at it.
#[derive(Debug, Clone)]
pub(crate) struct ClientIdentity(pub(crate) String);

impl ClientSide {
    /// With a connection of its own.
    pub(crate) fn own(common: Arc<ProxyCommon>) -> Self {
        Self { common, own: Arc::default(), is_shared: false }
    }

    /// Over HTTP, where only a handshake begins a session.
    pub(crate) fn over_http(common: Arc<ProxyCommon>) -> Self {
        Self { is_shared: true, ..Self::own(common) }
    }

    /// The place of the connection of the one who asks.
    pub(crate) fn place(&self, context: &RequestContext<RoleServer>) -> &UpstreamPlace {
        let is_modern = context.peer.peer_info().is_none();
        if is_modern && self.is_shared { &self.common.shared } else { &self.own }
    }

    /// The connection of the one who asks.
    pub(crate) async fn upstream(
        &self,
        context: &RequestContext<RoleServer>,
    ) -> Result<Arc<Upstream>, String> {
        let handshake = context.peer.peer_info();
        let is_modern = handshake.is_none();
        if is_modern && self.is_shared {
            return self
                .common
                .connection(&self.common.shared, Asking { is_modern, ..Asking::default() })
                .await;
        }
        let asking = match handshake {
            Some(info) => Asking {
                client: Some(context.peer.clone()),
                about: Some((info.client_info.clone(), info.capabilities.clone())),
                is_modern,
            },
            // Its upstream asks by results, not by requests.
            None => Asking { client: Some(context.peer.clone()), about: None, is_modern },
        };
        self.common.connection(&self.own, asking).await
    }

    /// The session of the one who asks, as policies name it: over HTTP what its id has as its digest, which no client can send back.
    pub(crate) fn session(&self, context: &RequestContext<RoleServer>) -> Option<String> {
        let Some(parts) = context.extensions.get::<http::request::Parts>() else {
            return Some(self.common.session.clone());
        };
        let id = parts.headers.get(SESSION_ID)?;
        sha256_hex(id.as_bytes()).get(..DIGITS).map(|digits| format!("ses_{digits}"))
    }

    /// Who asks.
    pub(crate) fn identity(&self, context: &RequestContext<RoleServer>) -> String {
        let parts = context.extensions.get::<http::request::Parts>();
        let known = parts.and_then(|parts| parts.extensions.get::<ClientIdentity>());
        known.map_or_else(|| self.common.identity.clone(), |identity| identity.0.clone())
    }
}
