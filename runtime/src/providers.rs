//! The traits that an embedder implements: one a capability.
//!
//! The guest knows capabilities, never addresses or credentials. Every method is called by the host's side of a
//! capability (`capability/`), runs at the same time as the others, and is dropped when the invocation ends: a provider
//! must treat being dropped as a cancellation.

mod database;
mod idempotency;
mod key_values;
mod queue;
mod realtime;
mod websocket;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use database::{
    Actor, BigintMode, Cursor, Database, Isolation, ResultSet, RowBatch, RowShape, Statement, Transaction,
    TransactionOptions,
};
pub use idempotency::{Claim, ClaimOutcome, Idempotency};
pub use key_values::KeyValueCall;
pub use mayfly_abi::value::Value;
use mayfly_ledger::Account;
pub use queue::{JobStart, NewJob, Queue, StoredJob};
pub use realtime::{Realtime, RealtimeAction};
pub use websocket::{OutboundMessage, OutboundSocket, SocketReader, SocketRequest, SocketWriter};
use zeroize::Zeroizing;

pub use crate::guest_error::GuestError;

use crate::body::Body;

/// A boxed future, as every provider returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Environment variables by name. Values are secrets: they are overwritten when they are dropped.
pub type Environment = BTreeMap<String, Zeroizing<String>>;

/// What one invocation may use. A capability that is `None` is refused in the guest with a clear error.
#[derive(Clone, Default)]
pub struct Grants {
    /// The app's account of the bytes that are held for it.
    pub account: Account,
    /// `ctx.env`.
    pub env: Arc<Environment>,
    /// `ctx.db`.
    pub database: Option<Arc<dyn Database>>,
    /// `ctx.idempotency` and `ctx.kv`.
    pub idempotency: Option<Arc<dyn Idempotency>>,
    /// `ctx.enqueue`.
    pub queue: Option<Arc<dyn Queue>>,
    /// `fetch`.
    pub fetch: Option<Arc<dyn Fetch>>,
    /// `ctx.broadcast` and `ctx.socket`.
    pub realtime: Option<Arc<dyn Realtime>>,
}

impl fmt::Debug for Grants {
    // Values of the environment are secrets: only which ones were granted is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("database", &self.database.is_some())
            .field("idempotency", &self.idempotency.is_some())
            .field("queue", &self.queue.is_some())
            .field("fetch", &self.fetch.is_some())
            .field("realtime", &self.realtime.is_some())
            .finish()
    }
}

/// What happens on a 3xx answer with a `Location`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirect {
    /// Follow it, with every hop checked.
    #[default]
    Follow,
    /// Fail.
    Error,
    /// Hand the 3xx answer to the guest.
    Manual,
}

/// An outbound request, as the guest made it.
#[derive(Debug)]
pub struct FetchRequest {
    /// The method, upper case where it is a standard one.
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body, or none.
    pub body: Option<Body>,
    /// What to do on a redirect.
    pub redirect: Redirect,
}

/// The answer to a [`FetchRequest`].
#[derive(Debug)]
pub struct FetchResponse {
    /// The status code.
    pub status: u16,
    /// The reason phrase, where the protocol has one.
    pub status_text: String,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body. Dropping a stream gives the connection up.
    pub body: Body,
}

/// `fetch` and `WebSocket`: requests to hosts outside.
pub trait Fetch: Send + Sync {
    /// Send one request. A refused address is `EGRESS_DENIED`; a failure of the network is `FETCH_FAILED`.
    fn fetch(self: Arc<Self>, request: FetchRequest)
    -> BoxFuture<'static, Result<FetchResponse, GuestError>>;

    /// Open a socket, by the same rules.
    fn connect(
        self: Arc<Self>,
        _request: SocketRequest,
    ) -> BoxFuture<'static, Result<OutboundSocket, GuestError>> {
        let refused = GuestError::new("EGRESS_DENIED", "this invocation's network has no WebSockets");
        Box::pin(std::future::ready(Err(refused)))
    }
}
