//! `ctx.idempotency`: claims, alone or together with work; and `ctx.kv`, which is kept beside them.

use std::fmt;
use std::sync::Arc;

use super::{BoxFuture, GuestError, KeyValueCall, Transaction};

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

/// What became of a claim that work is bound to.
pub enum ClaimOutcome {
    /// The key is the caller's: the transaction in which to work. Ended by [`Transaction::finish`], or rolled back.
    Mine(Box<dyn Transaction>),
    /// The work was done before, with this result.
    Done(String),
}

impl fmt::Debug for ClaimOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mine(_) => "Mine",
            Self::Done(_) => "Done",
        })
    }
}

/// `ctx.idempotency`: atomic claims.
pub trait Idempotency: Send + Sync {
    /// `true` for the first claim, `false` for every later one.
    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>>;

    /// Claim a key together with work, in the transaction that is returned, under the invocation's own identity. The claim
    /// and the work are committed together, or not at all. A second claim of the key waits for the first.
    fn begin(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<ClaimOutcome, GuestError>>;

    /// `ctx.kv`: done in one statement, or not at all. The answer as JSON, or an empty text for nothing.
    fn key_value(self: Arc<Self>, _call: KeyValueCall) -> BoxFuture<'static, Result<String, GuestError>> {
        let none = GuestError::new("DB_UNAVAILABLE", "this invocation was granted no ctx.kv");
        Box::pin(std::future::ready(Err(none)))
    }
}
