//! `ctx.idempotency`: claims, alone or together with work.

use std::fmt;
use std::sync::Arc;

use super::{BoxFuture, GuestError, Transaction};

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

/// Whether there is work to do.
pub enum Begun {
    /// There is. Ended by [`Transaction::settle`], or rolled back.
    Mine(Box<dyn Transaction>),
    /// It was done before, with this result.
    Done(String),
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mine(_) => "Mine",
            Self::Done(_) => "Done",
        })
    }
}

/// `ctx.idempotency`: atomic claims.
pub trait Idempotency: Send + Sync {
    /// `true` for the first to claim, `false` for everyone after.
    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>>;

    /// Claim a key together with work: in the transaction that comes back, as whom the invocation runs. The claim is
    /// there once the transaction is settled, and never was if it is not. Whoever comes second waits for the first.
    fn begin(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<Begun, GuestError>>;
}
