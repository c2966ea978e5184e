//! A connection in use. Whatever happens, it goes back only when it is certainly as good as new.

use std::sync::Arc;

use super::pool::{LoginPool, Pooled, Pools, Turn};
use super::session::Session;
use crate::wire::{Connection, TransactionStatus, WireError};

/// A connection that was lent. Dropping it in the middle of a use cancels what runs there and closes it.
#[derive(Debug)]
pub(crate) struct Checkout {
    pools: Arc<Pools>,
    pool: Arc<LoginPool>,
    /// `None` only while it is being dropped.
    lent: Option<(Pooled, Turn)>,
    /// Something odd happened: it is not to be used again.
    spoilt: bool,
}

impl Checkout {
    pub(super) fn new(pools: Arc<Pools>, pool: Arc<LoginPool>, turn: Turn, pooled: Pooled) -> Self {
        Self { pools, pool, lent: Some((pooled, turn)), spoilt: false }
    }

    /// The connection. An error for one that was spoilt, or on which an earlier use was given up half-way.
    pub(crate) fn connection(&mut self) -> Result<&mut Connection, WireError> {
        self.parts().map(|(connection, _)| connection)
    }

    /// The connection and what is known of its session.
    pub(super) fn parts(&mut self) -> Result<(&mut Connection, &mut Session), WireError> {
        match &mut self.lent {
            Some((pooled, _)) if !self.spoilt && !pooled.connection.is_busy() => {
                Ok((&mut pooled.connection, &mut pooled.session))
            }
            _ => Err(WireError::Lost(std::io::ErrorKind::NotConnected.into())),
        }
    }

    pub(super) fn pools(&self) -> &Arc<Pools> {
        &self.pools
    }

    /// Look at how a use went, and remember when it was odd.
    pub(crate) fn inspect<T>(&mut self, outcome: Result<T, WireError>) -> Result<T, WireError> {
        if outcome.as_ref().is_err_and(is_odd) {
            self.spoil();
        }
        outcome
    }

    /// `COMMIT` or `ROLLBACK`, and the reset where one is due, in one round trip. Gives the command that PostgreSQL
    /// carried out.
    pub(super) async fn end(&mut self, command: &str) -> Result<String, WireError> {
        let limit = self.pools.bounds().statement_timeout;
        let (connection, session) = self.parts()?;
        let reset = session.reset();
        connection.push_simple(command)?;
        if let Some(reset) = reset {
            connection.push_simple(reset)?;
        }
        let conversation = async {
            connection.send().await?;
            connection.settle().await?;
            let outcome = connection.read_simple().await;
            if matches!(outcome, Ok(_) | Err(WireError::Refused(_))) {
                if reset.is_some() {
                    connection.owe();
                }
                connection.rest();
            }
            outcome
        };
        let outcome = tokio::time::timeout(limit, conversation)
            .await
            .unwrap_or_else(|_| Err(WireError::Lost(std::io::ErrorKind::TimedOut.into())));
        self.inspect(outcome)
    }

    /// Never lend it again.
    pub(crate) fn spoil(&mut self) {
        self.spoilt = true;
    }
}

/// All but the plain refusal of a statement. The server's own trouble (out of memory, cancelled, shutting down, an
/// internal error) leaves a backend that is better replaced.
fn is_odd(error: &WireError) -> bool {
    match error {
        WireError::Refused(refusal) => {
            refusal.fatal
                || ["08", "53", "57", "58", "XX"].iter().any(|class| refusal.sqlstate.starts_with(class))
        }
        WireError::Lost(_) | WireError::TooLarge(_) | WireError::Protocol(_) => true,
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let Some((pooled, turn)) = self.lent.take() else { return };
        let connection = &pooled.connection;
        if connection.is_busy() {
            return cancel_and_close(pooled, turn);
        }
        match connection.status() {
            _ if self.spoilt => {}
            TransactionStatus::Idle => self.pools.put_back(&self.pool, pooled),
            TransactionStatus::Open | TransactionStatus::Failed => {
                let (pools, pool) = (Arc::clone(&self.pools), Arc::clone(&self.pool));
                return roll_back(Self { pools, pool, lent: Some((pooled, turn)), spoilt: false });
            }
        }
        // Else it is closed. The turn ends last, so that the next in line finds the connection.
        drop(turn);
    }
}

/// A transaction that was left open is ended, and its connection is lent again. Where that fails, it is closed, and the
/// server rolls back.
fn roll_back(mut left: Checkout) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return left.spoil() };
    runtime.spawn(async move {
        let outcome = left.end("ROLLBACK").await;
        if outcome.is_err() {
            left.spoil();
        }
    });
}

/// A closed socket alone would let the statement run on. Its place counts as taken until the server was told.
fn cancel_and_close(pooled: Pooled, turn: Turn) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    let key = pooled.connection.cancel_key();
    runtime.spawn(async move {
        key.cancel().await;
        drop((pooled, turn));
    });
}
