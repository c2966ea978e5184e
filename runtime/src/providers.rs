//! What an embedder lends to an invocation: one trait a capability.
//!
//! The guest knows capabilities, never addresses or credentials. Every method is asked by the host side of a
//! capability (`host/`), runs at the same time as the others, and is dropped when the invocation ends: a provider
//! must treat being dropped as a cancellation.

mod database;
mod idempotency;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use database::{
    Actor, BigintMode, Cursor, Database, Isolation, ResultSet, RowBatch, RowShape, Statement, Transaction,
    TransactionOptions,
};
pub use idempotency::{Begun, Claim, Idempotency};
pub use mayfly_abi::value::Value;
use zeroize::Zeroizing;

use crate::body::Body;

/// A boxed future, as every provider returns it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An error that the guest's code can catch: it becomes an `Error` with `code` and the other fields on it.
///
/// It is shown to the function's author, so it holds nothing of the platform's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestError {
    /// A code of `CONTRACT`'s list, or an SQLSTATE.
    pub code: String,
    /// One sentence for the author of the function.
    pub message: String,
    /// Further properties of the thrown error, such as `detail`, `hint`, `constraint` or `position`.
    pub fields: Vec<(&'static str, String)>,
}

impl GuestError {
    /// An error without further fields.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), fields: Vec::new() }
    }

    /// The same error with one more property.
    #[must_use]
    pub fn with(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((field, value.into()));
        self
    }
}

impl fmt::Display for GuestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for GuestError {}

/// Environment variables by name. Values are secrets: they are overwritten when they are forgotten.
pub type Environment = BTreeMap<String, Zeroizing<String>>;

/// What one invocation may use. Whatever is `None` is refused in the guest with a clear error.
#[derive(Clone, Default)]
pub struct Grants {
    /// `ctx.env`.
    pub env: Arc<Environment>,
    /// `ctx.db`.
    pub database: Option<Arc<dyn Database>>,
    /// `ctx.idempotency`.
    pub idempotency: Option<Arc<dyn Idempotency>>,
    /// `fetch`.
    pub fetch: Option<Arc<dyn Fetch>>,
}

impl fmt::Debug for Grants {
    // Values of the environment are secrets: only what was lent is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grants")
            .field("env", &self.env.keys().collect::<Vec<_>>())
            .field("database", &self.database.is_some())
            .field("idempotency", &self.idempotency.is_some())
            .field("fetch", &self.fetch.is_some())
            .finish()
    }
}

/// What happens on a 3xx answer with a `Location`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirect {
    /// Follow it, every hop checked afresh.
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
    /// Its words, where the protocol has any.
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

/// `fetch`: requests to hosts outside.
pub trait Fetch: Send + Sync {
    /// Send one request. A refused address is `EGRESS_DENIED`; a failure of the network is `FETCH_FAILED`.
    fn fetch(self: Arc<Self>, request: FetchRequest)
    -> BoxFuture<'static, Result<FetchResponse, GuestError>>;
}
