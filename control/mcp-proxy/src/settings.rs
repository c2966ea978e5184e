//! How a proxy is set up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mayfly_policy::CompiledPolicy;
use rmcp::model::{ClientCapabilities, Implementation};

use crate::fetched::UpstreamFetch;
use crate::keys::ClientKeys;
use crate::target::Target;

/// How an upstream is reached.
#[derive(Debug, Clone)]
pub struct UpstreamSettings {
    /// Where it is.
    pub target: Target,
    /// The bearer token for it.
    pub key: Option<String>,
    /// For how long it may take to start, or to accept a connection.
    pub connect_timeout: Duration,
    /// For how long it may take to answer a request, and longer as long as it reports progress.
    pub request_timeout: Duration,
    /// Bytes of one message from it.
    pub message_bytes_max: usize,
    /// How its URL is reached; `None`: by connections of our own.
    pub fetch: Option<Arc<dyn UpstreamFetch>>,
    /// What the client can do for it.
    pub(crate) capabilities: ClientCapabilities,
    /// Who the client is.
    pub(crate) client: Implementation,
}

impl UpstreamSettings {
    /// With the defaults.
    pub fn new(target: Target, key: Option<String>) -> Self {
        Self {
            target,
            key,
            connect_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(60),
            message_bytes_max: 16 << 20,
            fetch: None,
            capabilities: ClientCapabilities::default(),
            client: Implementation::new("mayfly-proxy", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// How a proxy is set up.
#[derive(Debug)]
pub struct ProxySettings {
    /// What is behind it.
    pub upstream: UpstreamSettings,
    /// What holds.
    pub policy: CompiledPolicy,
    /// Pins, approvals, and unless said otherwise the audit log.
    pub state: PathBuf,
    /// The audit log.
    pub audit: PathBuf,
    /// Whether the client may be asked for approvals.
    pub elicit: bool,
    /// The identity of a client that shows no key.
    pub identity: String,
    /// The name of the session on stdin and stdout; `None`: one that is made now.
    pub session: Option<String>,
    /// Streamable HTTP at this address; `None`: stdin and stdout.
    pub listen: Option<SocketAddr>,
    /// Tells the operator something: stdout may be the protocol's.
    pub tell: fn(&str),
    /// The keys of clients; without, only this machine's may come.
    pub keys: Option<ClientKeys>,
}
