//! One app's database as one identity: what the runtime lends to an invocation.

use std::fmt;
use std::sync::Arc;

use mayfly_runtime::providers::{
    BoxFuture, Database, GuestError, ResultSet, Statement, Transaction, TransactionOptions,
};

use super::access::Locator;
use super::checkout::Checkout;
use super::error::{guest_error, timed_out};
use super::pool::Pools;
use super::rows::JsonRows;
use super::transaction::AppTransaction;
use super::{encode, gate};
use crate::tenant::Identity;
use crate::wire::Exchange;

/// Sent along with every use: whatever the user's SQL left in the session is gone before the next use.
///
/// What `DISCARD ALL` does, as far as there is anything to discard: temporary tables and advisory locks are nobody's to
/// make, and plans are kept, because every use of a connection is by the same role, for which they were made. Planning
/// `current_user_id()` anew would cost more than the rest of a query.
pub(crate) const RESET: &str =
    "RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD SEQUENCES";

/// How much longer than the server's own timeout the host waits for the server to keep it.
const GRACE: std::time::Duration = std::time::Duration::from_secs(2);

/// The longest id of an end user, in bytes.
const SUBJECT_MAX: usize = 255;

/// `ctx.db` of one invocation.
pub(crate) struct AppDatabase {
    pools: Arc<Pools>,
    locator: Arc<dyn Locator>,
    app_id: String,
    identity: Identity,
}

impl fmt::Debug for AppDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppDatabase").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl AppDatabase {
    pub(crate) fn new(
        pools: Arc<Pools>,
        locator: Arc<dyn Locator>,
        app_id: &str,
        identity: Identity,
    ) -> Self {
        Self { pools, locator, app_id: app_id.to_owned(), identity }
    }

    /// A connection, and the statement that tells it who the user is.
    async fn enter(&self) -> Result<(Checkout, Option<String>), GuestError> {
        let subject = self.identity.subject();
        if subject.is_some_and(|subject| subject.is_empty() || subject.len() > SUBJECT_MAX) {
            return Err(GuestError::new("28000", "the user's id must have 1 to 255 bytes"));
        }
        let access = self.locator.locate(&self.app_id).await?;
        let mut checkout = self.pools.checkout(&access, self.identity.privilege()).await?;
        let process_id = checkout.connection().map_err(guest_error)?.process_id();
        let claims = subject.map(|subject| access.claims(subject, process_id));
        Ok((checkout, claims))
    }
}

impl Database for AppDatabase {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(async move {
            gate::check(&statement.sql)?;
            let params = encode::encode(&statement.params, self.pools.bounds().params_bytes_max)?;
            let (mut checkout, claims) = self.enter().await?;
            let before: Vec<_> =
                claims.map(|claims| format!("SET mayfly.claims = '{claims}'")).into_iter().collect();
            let exchange =
                Exchange { before: &before, sql: &statement.sql, params: &params, after: Some(RESET) };
            run(&mut checkout, &exchange, &statement).await
        })
    }

    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        Box::pin(async move {
            let (checkout, claims) = self.enter().await?;
            let transaction: Box<dyn Transaction> = Box::new(AppTransaction::new(checkout, options, claims));
            Ok(transaction)
        })
    }
}

/// Run one statement within its time. A connection on which that failed in any odd way is not used again.
pub(super) async fn run(
    checkout: &mut Checkout,
    exchange: &Exchange<'_>,
    statement: &Statement,
) -> Result<ResultSet, GuestError> {
    let bounds = checkout.pools().bounds().clone();
    let mut rows = JsonRows::new(statement.bigint, &bounds);
    let connection = checkout.connection().map_err(guest_error)?;
    let limit = bounds.statement_timeout;
    let Ok(outcome) = tokio::time::timeout(limit + GRACE, connection.exchange(exchange, &mut rows)).await
    else {
        checkout.spoil();
        return Err(timed_out(limit));
    };
    let command_tag = checkout.inspect(outcome).map_err(guest_error)?;
    Ok(rows.finish(&command_tag))
}
