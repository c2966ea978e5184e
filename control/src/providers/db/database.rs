//! One app's database as one identity: what the runtime lends to an invocation.

use std::fmt;
use std::sync::Arc;

use mayfly_runtime::providers::{
    BoxFuture, Database, GuestError, ResultSet, Statement, Transaction, TransactionOptions,
};

use super::access::{Access, Locator};
use super::checkout::Checkout;
use super::error::{guest_error, timed_out};
use super::pool::Pools;
use super::rows::JsonRows;
use super::session::Bearer;
use super::statement::Request;
use super::transaction::AppTransaction;
use super::{encode, gate};
use crate::tenant::Identity;
use crate::wire::WireError;

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

    /// A connection, and the way into the database, which signs for the user.
    async fn enter(&self) -> Result<(Checkout, Arc<Access>), GuestError> {
        let subject = self.identity.subject();
        if subject.is_some_and(|subject| subject.is_empty() || subject.len() > SUBJECT_MAX) {
            return Err(GuestError::new("28000", "the user's id must have 1 to 255 bytes"));
        }
        let access = self.locator.locate(&self.app_id).await?;
        let checkout = self.pools.checkout(&access, self.identity.privilege()).await?;
        Ok((checkout, access))
    }

    fn bearer<'a>(&'a self, access: &'a Access) -> Option<Bearer<'a>> {
        self.identity.subject().map(|subject| Bearer { access, subject })
    }
}

impl Database for AppDatabase {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(async move {
            gate::check(&statement.sql)?;
            let params = encode::encode(&statement.params, self.pools.bounds().params_bytes_max)?;
            let (mut checkout, access) = self.enter().await?;
            let request = Request { bearer: self.bearer(&access), sql: &statement.sql, params: &params };
            let mut rows = JsonRows::new(statement.bigint, self.pools.bounds());
            let command_tag =
                within_time(&mut checkout, async |checkout| checkout.run(&request, &mut rows).await).await?;
            Ok(rows.finish(&command_tag))
        })
    }

    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        Box::pin(async move {
            let (mut checkout, access) = self.enter().await?;
            let (_, session) = checkout.parts().map_err(guest_error)?;
            let claims = session.entering_transaction(self.bearer(&access));
            let transaction: Box<dyn Transaction> = Box::new(AppTransaction::new(checkout, options, claims));
            Ok(transaction)
        })
    }
}

/// Use a connection within a statement's time. One on which that failed in any odd way is not used again.
pub(crate) async fn within_time<T>(
    checkout: &mut Checkout,
    work: impl AsyncFnOnce(&mut Checkout) -> Result<T, WireError>,
) -> Result<T, GuestError> {
    let limit = checkout.pools().bounds().statement_timeout;
    match tokio::time::timeout(limit + GRACE, work(checkout)).await {
        Ok(outcome) => checkout.inspect(outcome).map_err(guest_error),
        Err(_) => {
            checkout.spoil();
            Err(timed_out(limit))
        }
    }
}
