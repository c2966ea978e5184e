//! Egress: `fetch` to public hosts. Each address is checked after resolution and before the connection.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test spawns by itself"))]

mod connect;
mod document;
mod exchange;
mod failure;
pub mod guard;
mod headers;
mod limits;
mod lists;
mod redirect;
mod resolve;
mod response;
mod upload;
mod websocket;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use mayfly_ledger::{Account, Places};
use mayfly_runtime::providers::{
    BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError, OutboundSocket, SocketRequest,
};

pub use lists::EgressLists;

use connect::GuardedConnector;
use exchange::AppClient;
use limits::FetchLimits;
use resolve::Resolver;

use mayfly_common::cidr::Cidr;
use mayfly_common::tls::Authorities;
use mayfly_telemetry::trace::{TRACEPARENT, Trace};

/// Apps whose connections are pooled. An app beyond that gets unpooled connections.
const POOLS_MAX: usize = 1_024;
/// Idle connections pooled for one host of one app.
const IDLE_PER_HOST_MAX: usize = 8;
/// How long an idle connection is pooled.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How often an HTTP/2 connection with open requests is pinged.
const PING_EVERY: Duration = Duration::from_secs(10);
/// How long the answer to a ping may take. All of an app's requests would go on over a connection that is dead.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// The node's egress. Cheap to clone.
#[derive(Clone)]
pub struct EgressClient {
    pools: Arc<Pools>,
}

struct Pools {
    lookups: Places,
    allow: Arc<[Cidr]>,
    tls: rustls::ClientConfig,
    by_app: Mutex<HashMap<Box<str>, Arc<AppFetch>>>,
}

/// `fetch` for one app.
struct AppFetch {
    client: AppClient,
    /// For sockets, each of which has a connection of its own.
    connector: HttpsConnector<GuardedConnector>,
    allow: Arc<[Cidr]>,
}

/// `fetch` for one invocation: the app's connections, the request's trace.
struct Traced {
    fetch: Arc<AppFetch>,
    account: Account,
    /// The hosts that the app lets its functions reach.
    lists: Arc<EgressLists>,
    /// Started by the first request, when the caller sent none: most invocations fetch nothing.
    trace: OnceLock<Trace>,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct EgressError(#[from] rustls::Error);

impl EgressClient {
    /// Egress to public addresses and to those in `allow`, trusting `authorities` beside the public ones. Proxy
    /// variables of the environment are not read: a proxy would connect to addresses that were not checked.
    pub fn new(allow: &[Cidr], authorities: &Authorities) -> Result<Self, EgressError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(authorities.beside_public())
            .with_no_client_auth();
        Ok(Self {
            pools: Arc::new(Pools {
                lookups: Resolver::places(),
                allow: allow.into(),
                tls,
                by_app: Mutex::default(),
            }),
        })
    }

    /// `fetch` for one invocation of an app, within the app's own lists of hosts; what is held for it comes from `account`.
    pub fn for_invocation(
        &self,
        app: &str,
        account: Account,
        lists: Arc<EgressLists>,
        trace: Option<Trace>,
    ) -> Arc<dyn Fetch> {
        let trace = trace.map_or_else(OnceLock::new, OnceLock::from);
        Arc::new(Traced { fetch: self.for_app(app), account, lists, trace })
    }

    fn for_app(&self, app: &str) -> Arc<AppFetch> {
        let mut pools = self.pools.by_app.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pooled) = pools.get(app) {
            return Arc::clone(pooled);
        }
        if pools.len() >= POOLS_MAX {
            // A pool in use is kept by its users' handles; those without a user are removed.
            pools.retain(|_, pool| Arc::strong_count(pool) > 1);
        }
        let made = Arc::new(self.pools.client(app));
        if pools.len() < POOLS_MAX {
            pools.insert(app.into(), Arc::clone(&made));
        }
        made
    }
}

impl Pools {
    fn client(&self, app: &str) -> AppFetch {
        let resolver = Resolver::of(app, self.lookups.clone());
        let guarded = GuardedConnector::new(resolver, Arc::clone(&self.allow));
        let connector = || HttpsConnectorBuilder::new().with_tls_config(self.tls.clone()).https_or_http();
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .http2_keep_alive_interval(PING_EVERY)
            .http2_keep_alive_timeout(PING_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
            .build(connector().enable_http1().enable_http2().wrap_connector(guarded.clone()));
        let connector = connector().enable_http1().wrap_connector(guarded);
        AppFetch { client, connector, allow: Arc::clone(&self.allow) }
    }
}

impl Traced {
    /// Adds the trace to the headers of a request. A function that traces by itself sends its own.
    fn trace(&self, headers: &mut Vec<(String, String)>) {
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(TRACEPARENT)) {
            headers.push((TRACEPARENT.to_owned(), self.trace.get_or_init(Trace::start).child()));
        }
    }

    fn limits(&self) -> FetchLimits<'_> {
        FetchLimits {
            allow: &self.fetch.allow,
            lists: Some(&self.lists),
            account: &self.account,
            body_bytes_max: limits::BODY_BYTES_MAX,
        }
    }
}

impl Fetch for Traced {
    fn fetch(
        self: Arc<Self>,
        mut request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        self.trace(&mut request.headers);
        Box::pin(async move { exchange::run(&self.fetch.client, self.limits(), request).await })
    }

    fn connect(
        self: Arc<Self>,
        mut request: SocketRequest,
    ) -> BoxFuture<'static, Result<OutboundSocket, GuestError>> {
        self.trace(&mut request.headers);
        Box::pin(async move { websocket::open(&self.fetch.connector, self.limits(), request).await })
    }
}

impl fmt::Debug for EgressClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EgressClient").field("allow", &self.pools.allow).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
