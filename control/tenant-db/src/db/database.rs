//! One app's database as one identity: what the runtime lends to an invocation.

use std::fmt;
use std::sync::Arc;

use mayfly_runtime::providers::{
    Actor, Begun, BoxFuture, Claim, Database, GuestError, Isolation, ResultSet, Statement, Transaction,
    TransactionOptions,
};

use super::access::{Access, Locator};
use super::checkout::Checkout;
use super::error::{guest_error, timed_out};
use super::pool::Pools;
use super::rows::JsonRows;
use super::session::Bearer;
use super::statement::Request;
use super::transaction::{AppTransaction, HeldKey};
use super::{encode, gate};
use crate::identity::Identity;
use crate::wire::WireError;

/// How much longer than the server's own timeout the host waits for the server to keep it.
const GRACE: std::time::Duration = std::time::Duration::from_secs(2);

/// The longest id of an end user, in bytes.
const SUBJECT_MAX: usize = 255;

/// `ctx.db` of one invocation.
pub(crate) struct AppDatabase {
    pools: Arc<Pools>,
    locator: Arc<dyn Locator>,
    app_id: Arc<str>,
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
        app_id: Arc<str>,
        identity: Identity,
    ) -> Self {
        Self { pools, locator, app_id, identity }
    }

    /// A connection, and the way into the database, which signs for the user.
    async fn enter(&self) -> Result<(Checkout, Arc<Access>), GuestError> {
        check_subject(self.identity.subject())?;
        let access = self.locator.locate(&self.app_id).await?;
        let checkout = self.pools.checkout(&access, self.identity.privilege()).await?;
        Ok((checkout, access))
    }

    async fn transaction(
        &self,
        options: TransactionOptions,
    ) -> Result<(AppTransaction, Arc<Access>), GuestError> {
        let (mut checkout, access) = self.enter().await?;
        let (_, session) = checkout.parts().map_err(guest_error)?;
        let claims = session.entering_transaction(self.bearer(&access));
        Ok((AppTransaction::new(checkout, options, claims), access))
    }

    /// A transaction that holds an idempotency key, or what came of the work that held it before.
    pub(crate) async fn begin_with_key(&self, claim: &Claim) -> Result<Begun, GuestError> {
        // Whoever waited for another must see what that one has committed.
        let options = TransactionOptions { isolation: Some(Isolation::ReadCommitted), read_only: false };
        let (mut transaction, access) = self.transaction(options).await?;
        let held = HeldKey::new(&access, transaction.checkout(), claim)?;
        transaction.take(held, claim.ttl_seconds).await
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
            let mut rows = JsonRows::new(statement.bigint, statement.shape, self.pools.bounds());
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
            let (transaction, _) = self.transaction(options).await?;
            let transaction: Box<dyn Transaction> = Box::new(transaction);
            Ok(transaction)
        })
    }

    fn act_as(self: Arc<Self>, actor: Actor) -> Result<Arc<dyn Database>, GuestError> {
        // The service may do all that a user may, and more. Nobody else may be anybody else.
        if self.identity != Identity::Service {
            return Err(GuestError::new(
                "AUTH_IMPERSONATION_FORBIDDEN",
                format!(
                    "ctx.db.asUser and ctx.db.asAnon are for the service role; this invocation runs as {}",
                    self.identity.group()
                ),
            ));
        }
        let identity = match actor {
            Actor::User(id) => Identity::User { id },
            Actor::Anon => Identity::Anon,
        };
        check_subject(identity.subject())?;
        let (pools, locator) = (Arc::clone(&self.pools), Arc::clone(&self.locator));
        Ok(Arc::new(Self::new(pools, locator, Arc::clone(&self.app_id), identity)))
    }
}

fn check_subject(subject: Option<&str>) -> Result<(), GuestError> {
    match subject {
        Some(subject) if subject.is_empty() || subject.len() > SUBJECT_MAX => {
            Err(GuestError::new("28000", format!("the user's id must have 1 to {SUBJECT_MAX} bytes")))
        }
        Some(_) | None => Ok(()),
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
