//! A connection that was taken from a pool. It returns to the pool only if its session state is known to be clean;
//! otherwise it is closed.

use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::providers::GuestError;

use super::connection_permits::LoginPermit;
use super::credentials::TenantCredentials;
use super::error::{guest_error, timed_out};
use super::pool::{LoginPool, Pooled, Pools};
use super::session::Session;
use crate::identity::Privilege;
use crate::wire::{Connection, TransactionStatus, WireError};

/// How much longer than the server's own timeout the host waits for the server to keep it.
const GRACE: Duration = Duration::from_secs(2);

/// A connection in use. Dropping it in the middle of a use cancels the statement and closes it.
#[derive(Debug)]
pub(crate) struct Checkout {
    pools: Arc<Pools>,
    pool: Arc<LoginPool>,
    /// `None` only while it is being dropped.
    held: Option<(Pooled, LoginPermit)>,
    /// Its state is in doubt: it is not to be used again.
    broken: bool,
}

impl Checkout {
    /// A connection as this privilege, an idle one or a new one.
    pub(crate) async fn take(
        pools: &Arc<Pools>,
        credentials: &TenantCredentials,
        privilege: Privilege,
    ) -> Result<Self, GuestError> {
        let (pool, permit, pooled) = pools.take(credentials, privilege).await?;
        Ok(Self { pools: Arc::clone(pools), pool, held: Some((pooled, permit)), broken: false })
    }

    /// What its login may do.
    pub(super) fn privilege(&self) -> Privilege {
        self.pool.privilege
    }

    /// The connection. An error for one that is broken, or on which an earlier use was cancelled half-way.
    pub(crate) fn connection(&mut self) -> Result<&mut Connection, WireError> {
        self.parts().map(|(connection, _)| connection)
    }

    /// The connection and what is known of its session.
    pub(super) fn parts(&mut self) -> Result<(&mut Connection, &mut Session), WireError> {
        match &mut self.held {
            Some((pooled, _)) if !self.broken && !pooled.connection.is_busy() => {
                Ok((&mut pooled.connection, &mut pooled.session))
            }
            _ => Err(WireError::Lost(std::io::ErrorKind::NotConnected.into())),
        }
    }

    pub(super) fn pools(&self) -> &Arc<Pools> {
        &self.pools
    }

    /// The types of a statement's parameters, where they are known.
    pub(super) fn known_types(&self, sql: &str) -> Option<Arc<[u32]>> {
        self.pool.parameter_types(sql)
    }

    /// Ask PostgreSQL for the types of a statement's parameters. `before` are statements of ours that come first.
    pub(super) async fn ask_types(&mut self, sql: &str, before: &[String]) -> Result<Arc<[u32]>, GuestError> {
        let asked =
            self.within_time(async |checkout| checkout.connection()?.parameter_types(before, sql).await);
        let types = Arc::from(asked.await?);
        self.pool.remember_types(sql, &types);
        Ok(types)
    }

    /// Use the connection within a statement's time. One on which that failed in any way but a plain refusal is not
    /// used again.
    pub(crate) async fn within_time<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Self) -> Result<T, WireError>,
    ) -> Result<T, GuestError> {
        let limit = self.pools.limits().statement_timeout;
        match tokio::time::timeout(limit + GRACE, work(self)).await {
            Ok(outcome) => self.inspect(outcome).map_err(guest_error),
            Err(_) => {
                self.mark_broken();
                Err(timed_out(limit))
            }
        }
    }

    /// Look at how a use went, and remember when the connection's state is in doubt after it.
    fn inspect<T>(&mut self, outcome: Result<T, WireError>) -> Result<T, WireError> {
        if outcome.as_ref().is_err_and(breaks_connection) {
            self.mark_broken();
        }
        outcome
    }

    /// Finish a transaction by `COMMIT` or `ROLLBACK`, with the reset where one is due, in one round trip. Gives the
    /// command that PostgreSQL carried out.
    pub(super) async fn finish(&mut self, command: &str) -> Result<String, WireError> {
        let limit = self.pools.limits().statement_timeout;
        let (connection, session) = self.parts()?;
        let reset = session.reset();
        connection.push_simple(command)?;
        if let Some(reset) = reset {
            connection.push_simple(reset)?;
        }
        let conversation = async {
            connection.send().await?;
            connection.read_outstanding().await?;
            let outcome = connection.read_simple().await;
            if matches!(outcome, Ok(_) | Err(WireError::Refused(_))) {
                if reset.is_some() {
                    connection.leave_outstanding();
                }
                connection.end_use();
            }
            outcome
        };
        let outcome = tokio::time::timeout(limit, conversation)
            .await
            .unwrap_or_else(|_| Err(WireError::Lost(std::io::ErrorKind::TimedOut.into())));
        self.inspect(outcome)
    }

    /// The server's process of the connection, to which proofs are bound.
    pub(crate) fn process_id(&mut self) -> Result<i32, GuestError> {
        self.connection().map(|connection| connection.process_id()).map_err(guest_error)
    }

    /// It is closed instead of returned to the pool.
    pub(crate) fn mark_broken(&mut self) {
        self.broken = true;
    }
}

/// All but the plain refusal of a statement. The server's own trouble (out of memory, cancelled, shutting down, an
/// internal error) leaves a backend that is better replaced.
fn breaks_connection(error: &WireError) -> bool {
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
        let Some((mut pooled, permit)) = self.held.take() else { return };
        // What was changed is committed by now, or never will be.
        if pooled.connection.take_changes() {
            self.pools.change_wakes().wake(&self.pool.app_id);
        }
        let connection = &pooled.connection;
        if connection.is_busy() {
            return cancel_and_close(pooled, permit);
        }
        match connection.status() {
            _ if self.broken => {}
            TransactionStatus::Idle => self.pools.put_back(&self.pool, pooled),
            TransactionStatus::Open | TransactionStatus::Failed => {
                let (pools, pool) = (Arc::clone(&self.pools), Arc::clone(&self.pool));
                return roll_back(Self { pools, pool, held: Some((pooled, permit)), broken: false });
            }
        }
        // Else it is closed. The permit is released last, so that the next in the queue finds the connection.
        drop(permit);
    }
}

/// A transaction that was left open is rolled back, and its connection returns to the pool. Where that fails, it is
/// closed, and the server rolls back.
fn roll_back(mut left: Checkout) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return left.mark_broken() };
    runtime.spawn(async move {
        let outcome = left.finish("ROLLBACK").await;
        if outcome.is_err() {
            left.mark_broken();
        }
    });
}

/// A closed socket alone would let the statement run on. Its permits are held until the server has closed, so that the
/// next in the queue does not find its backend still at work.
fn cancel_and_close(mut pooled: Pooled, permit: LoginPermit) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    runtime.spawn(async move {
        pooled.connection.cancel_and_close().await;
        pooled.connection.until_gone().await;
        drop((pooled, permit));
    });
}
