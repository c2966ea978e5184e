//! `fetch`: requests to public hosts, each address judged after resolution and before the connection.

mod answer;
mod connect;
mod document;
mod exchange;
mod failure;
pub mod guard;
mod headers;
mod lists;
mod redirect;
mod upload;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mayfly_runtime::providers::{BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError};

pub use lists::EgressLists;

use connect::Vetted;
use exchange::Bounds;
use failure::{denied, failed};
use guard::Cidr;
use upload::UploadBody;

use mayfly_common::tls::Authorities;
use mayfly_telemetry::trace::{TRACEPARENT, Trace};

/// Apps whose connections are kept. An app beyond that gets connections of its own, unpooled.
const POOLS_MAX: usize = 1_024;
/// Idle connections kept for one host of one app.
const IDLE_PER_HOST_MAX: usize = 8;
/// How long an idle connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often the other end of a connection of HTTP/2 has to show that it is there, while something is waited for.
const PING_EVERY: Duration = Duration::from_secs(10);
/// How long it may take to. All of an app's requests would go on over a connection that nobody answers on.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// A client that belongs to one app: pooled connections are never shared between tenants.
type AppClient = Client<HttpsConnector<Vetted>, UploadBody>;

/// The node's way out. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    shared: Arc<Shared>,
}

struct Shared {
    allow: Arc<[Cidr]>,
    tls: rustls::ClientConfig,
    pools: Mutex<HashMap<Box<str>, Arc<AppFetch>>>,
}

/// `fetch` for one app.
struct AppFetch {
    client: AppClient,
    allow: Arc<[Cidr]>,
}

/// `fetch` for one invocation: the app's connections, the request's trace.
struct Traced {
    fetch: Arc<AppFetch>,
    /// Where the app lets its functions go.
    lists: Arc<EgressLists>,
    /// Started by the first request, when the caller brought none: most invocations fetch nothing.
    trace: OnceLock<Trace>,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct OutboundError(#[from] rustls::Error);

impl Outbound {
    /// A way out to public addresses and to those in `allow`, trusting `authorities` beside the public ones. Proxy
    /// variables of the environment are not read: a proxy would connect to addresses that nobody judged.
    pub fn new(allow: &[Cidr], authorities: &Authorities) -> Result<Self, OutboundError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(authorities.beside_public())
            .with_no_client_auth();
        Ok(Self { shared: Arc::new(Shared { allow: allow.into(), tls, pools: Mutex::default() }) })
    }

    /// `fetch` as it is lent to one invocation of an app, within the app's own lists of hosts.
    pub fn for_invocation(&self, app: &str, lists: Arc<EgressLists>, trace: Option<Trace>) -> Arc<dyn Fetch> {
        let trace = trace.map_or_else(OnceLock::new, OnceLock::from);
        Arc::new(Traced { fetch: self.for_app(app), lists, trace })
    }

    fn for_app(&self, app: &str) -> Arc<AppFetch> {
        let mut pools = self.shared.pools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pooled) = pools.get(app) {
            return Arc::clone(pooled);
        }
        if pools.len() >= POOLS_MAX {
            // Whoever is in use keeps its own handle; the map forgets those that nobody holds.
            pools.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        let made = Arc::new(self.shared.client());
        if pools.len() < POOLS_MAX {
            pools.insert(app.into(), Arc::clone(&made));
        }
        made
    }
}

impl Shared {
    fn client(&self) -> AppFetch {
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(self.tls.clone())
            .https_or_http()
            .enable_http1()
            .enable_http2()
            .wrap_connector(Vetted::new(Arc::clone(&self.allow)));
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .build(connector);
        AppFetch { client, allow: Arc::clone(&self.allow) }
    }
}

impl Fetch for Traced {
    fn fetch(
        self: Arc<Self>,
        mut request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        // A function that traces by itself knows better.
        if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACEPARENT)) {
            request.headers.push((TRACEPARENT.to_owned(), self.trace.get_or_init(Trace::start).child()));
        }
        Box::pin(async move {
            let bounds = Bounds {
                allow: &self.fetch.allow,
                lists: Some(&self.lists),
                body_bytes_max: exchange::BODY_BYTES_MAX,
            };
            exchange::run(&self.fetch.client, bounds, request).await
        })
    }
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound").field("allow", &self.shared.allow).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
