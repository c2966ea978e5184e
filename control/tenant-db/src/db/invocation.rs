//! An invocation that is one transaction: every statement, claim and job of it is committed together, or not at all.
//!
//! The transaction begins with the first statement. Each statement outside of `ctx.db.tx` has a savepoint of its own, so
//! that one that fails fails alone, as it does without. What runs after the response, in `waitUntil` or a streamed body,
//! is no part of it.

mod nested;
mod providers;
mod reading;

use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::providers::{GuestError, Idempotency, TransactionOptions};
use tokio::sync::{Mutex, MutexGuard};

use super::database::AppDatabase;
use super::responses::ResponseHold;
use super::transaction::AppTransaction;

/// The database, the claims and the jobs of an invocation that is one transaction. Dropping it rolls back.
pub struct InvocationTransaction {
    /// For what runs after the response.
    database: Arc<AppDatabase>,
    claims: Arc<dyn Idempotency>,
    state: Mutex<State>,
}

/// How far it is.
enum State {
    /// No statement was sent.
    Unused,
    /// It is open; whether a `ctx.db.tx` within it is open, too.
    Open { transaction: Box<AppTransaction>, is_nested: bool },
    /// The response was given: it is committed, or rolled back.
    Ended,
}

impl std::fmt::Debug for InvocationTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvocationTransaction").field("database", &self.database).finish_non_exhaustive()
    }
}

impl InvocationTransaction {
    /// `claims` are those of the same app and identity.
    pub(crate) fn new(database: Arc<AppDatabase>, claims: Arc<dyn Idempotency>) -> Arc<Self> {
        Arc::new(Self { database, claims, state: Mutex::new(State::Unused) })
    }

    /// The open transaction, begun if it was not; `None` after the response.
    async fn open(&self) -> Result<Option<Opened<'_>>, GuestError> {
        let mut state = self.state.lock().await;
        if matches!(*state, State::Unused) {
            let (transaction, _) = self.database.transaction(TransactionOptions::default()).await?;
            *state = State::Open { transaction: Box::new(transaction), is_nested: false };
        }
        Ok(match *state {
            State::Ended => None,
            State::Unused | State::Open { .. } => Some(Opened(state)),
        })
    }

    /// Keep the response under its request's key, to be committed with the rest.
    ///
    /// # Errors
    /// When it cannot be, or another request has taken the key over: then nothing is to be committed.
    pub async fn keep_response(
        &self,
        hold: &ResponseHold,
        response: &str,
        keep: Duration,
    ) -> Result<(), GuestError> {
        let credentials = self.database.credentials().await?;
        let Some(mut opened) = self.open().await? else { return Err(ended()) };
        match hold.keep_within(opened.outermost()?, &credentials, response, keep).await? {
            true => Ok(()),
            false => Err(GuestError::new("40001", "another request with the same key took this one's place")),
        }
    }

    /// The response was given: commit what was done, or undo it.
    ///
    /// # Errors
    /// Why nothing was committed; with the code `DB_CONNECTION_LOST`, it is not known whether it was.
    pub async fn end(&self, commits: bool) -> Result<(), GuestError> {
        let mut state = self.state.lock().await;
        match std::mem::replace(&mut *state, State::Ended) {
            State::Unused | State::Ended => Ok(()),
            State::Open { is_nested: true, .. } if commits => Err(GuestError::new(
                "25002",
                "the function responded while a transaction within the invocation's was open",
            )),
            State::Open { mut transaction, .. } => match commits {
                true => transaction.commit_now().await,
                false => transaction.roll_back_now().await,
            },
        }
    }
}

/// The open transaction, held.
struct Opened<'a>(MutexGuard<'a, State>);

impl Opened<'_> {
    /// Outside of `ctx.db.tx`: refused while one is open, which would take along what it does not know of.
    fn outermost(&mut self) -> Result<&mut AppTransaction, GuestError> {
        match &mut *self.0 {
            State::Open { is_nested: true, .. } => Err(GuestError::new(
                "25002",
                "a transaction within the invocation's is open: use that one, or wait for its end",
            )),
            State::Open { transaction, .. } => Ok(transaction),
            State::Unused | State::Ended => Err(ended()),
        }
    }

    /// Within `ctx.db.tx`.
    fn within(&mut self) -> Result<&mut AppTransaction, GuestError> {
        match &mut *self.0 {
            State::Open { transaction, .. } => Ok(transaction),
            State::Unused | State::Ended => Err(ended()),
        }
    }

    fn set_nested(&mut self, nested: bool) {
        if let State::Open { is_nested, .. } = &mut *self.0 {
            *is_nested = nested;
        }
    }
}

fn ended() -> GuestError {
    GuestError::new("25P01", "the invocation's transaction has ended: its response was given")
}

/// Do one thing in a savepoint of its own: it fails alone.
async fn apart<T>(
    transaction: &mut AppTransaction,
    work: impl AsyncFnOnce(&mut AppTransaction) -> Result<T, GuestError>,
) -> Result<T, GuestError> {
    transaction.create_savepoint()?;
    match work(transaction).await {
        Ok(done) => {
            transaction.release_later();
            Ok(done)
        }
        Err(error) => {
            // Where even that fails the connection is lost, and the commit says so.
            let _ = transaction.rollback_to_savepoint().await;
            Err(error)
        }
    }
}
