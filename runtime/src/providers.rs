//! What an embedder lends to an invocation: one trait a capability.
//!
//! The guest knows capabilities, never addresses or credentials. Every method is asked by the host side of a
//! capability (`host/`), runs at the same time as the others, and is dropped when the invocation ends: a provider
//! must treat being dropped as a cancellation.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

pub use mayfly_abi::value::Value;
use zeroize::Zeroizing;

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

/// One SQL statement as the guest sent it: hostile text and untyped parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The SQL text.
    pub sql: String,
    /// `$1`, `$2`, ...
    pub params: Vec<Value>,
    /// How `int8` columns are given to the guest.
    pub bigint: BigintMode,
}

/// How an `int8` that JavaScript's numbers cannot hold exactly is given to the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BigintMode {
    /// A number where that is exact, a string otherwise.
    #[default]
    Auto,
    /// Always a string; the guest makes `BigInt`s of them when it asked for that.
    Text,
}

/// The answer to a [`Statement`], ready for the guest's JSON parser.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultSet {
    /// `{"rowCount":n|null,"fields":[{"name","type"}...],"revive":[["column","date"|"bytes"|"number"|"bigint"|"date[]"|"bytes[]"|"number[]"|"bigint[]"]...],"rows":[{...}]}`
    ///
    /// `revive` names the columns whose values the guest turns into something that JSON has no word for: `date`
    /// values are numbers of milliseconds since 1970 (or the strings `"infinity"`, `"-infinity"`), `bytes` values are
    /// lower-case hexadecimal strings, `number` values are strings that may also be `NaN`, `Infinity` or `-Infinity`,
    /// `bigint` values are decimal strings.
    pub json: Vec<u8>,
}

/// `ctx.db`: one app's database, as one identity.
pub trait Database: Send + Sync {
    /// Run one statement by itself.
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>>;

    /// Begin a transaction. Dropping what comes back rolls it back.
    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>>;
}

/// How a transaction is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TransactionOptions {
    /// The isolation level, or the server's default.
    pub isolation: Option<Isolation>,
    /// Whether writes are refused.
    pub read_only: bool,
}

/// A transaction's isolation level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// `READ COMMITTED`
    ReadCommitted,
    /// `REPEATABLE READ`
    RepeatableRead,
    /// `SERIALIZABLE`
    Serializable,
}

/// A transaction of one invocation. Dropped without `commit`, it is rolled back.
pub trait Transaction: Send {
    /// Run one statement in it.
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>>;

    /// Commit. An error means that nothing was committed, unless its code is `DB_CONNECTION_LOST`.
    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>>;

    /// Roll back.
    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>>;
}

/// One claim of `ctx.idempotency`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The key, 1 to 255 characters.
    pub key: String,
    /// The namespace, `default` unless given.
    pub scope: String,
    /// After how many seconds the claim may be taken again; never, when `None`.
    pub ttl_seconds: Option<u32>,
}

/// `ctx.idempotency`: atomic claims.
pub trait Idempotency: Send + Sync {
    /// `true` for the first to claim, `false` for everyone after.
    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>>;
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchRequest {
    /// The method, upper case where it is a standard one.
    pub method: String,
    /// An absolute URL.
    pub url: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The body, or none.
    pub body: Option<Vec<u8>>,
    /// What to do on a redirect.
    pub redirect: Redirect,
}

/// The answer to a [`FetchRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchResponse {
    /// The status code.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// `fetch`: requests to hosts outside.
pub trait Fetch: Send + Sync {
    /// Send one request. A refused address is `EGRESS_DENIED`; a failure of the network is `FETCH_FAILED`.
    fn fetch(self: Arc<Self>, request: FetchRequest)
    -> BoxFuture<'static, Result<FetchResponse, GuestError>>;
}
