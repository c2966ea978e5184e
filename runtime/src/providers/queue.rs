//! `ctx.enqueue`: jobs for the app's functions.

use std::sync::Arc;

pub use mayfly_abi::operation::JobStart;

use super::{BoxFuture, GuestError};

/// A job as the guest gave it: nothing of it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The function that shall run.
    pub function: String,
    /// Its request's body: JSON.
    pub payload: String,
    /// What no second open job of the function has.
    pub key: Option<String>,
    /// When it may start.
    pub start: JobStart,
    /// How often it is started at most; `None`: the default.
    pub attempts: Option<u32>,
    /// The pause before its second attempt, in seconds; `None`: the default.
    pub backoff_seconds: Option<f64>,
}

/// A job that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub id: String,
    /// Whether it was there before, with the same key.
    pub duplicate: bool,
}

/// `ctx.enqueue`.
pub trait Queue: Send + Sync {
    /// Whether the job may be stored. From now on the embedder looks for it.
    fn admit(self: Arc<Self>, job: NewJob) -> BoxFuture<'static, Result<NewJob, GuestError>>;

    /// Store an admitted job by itself. Within a transaction, [`Transaction::enqueue`] does it.
    ///
    /// [`Transaction::enqueue`]: super::Transaction::enqueue
    fn enqueue(self: Arc<Self>, job: NewJob) -> BoxFuture<'static, Result<StoredJob, GuestError>>;
}
