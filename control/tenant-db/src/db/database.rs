//! `ctx.db` of one invocation: an app's database, as one identity.

use std::fmt;
use std::sync::Arc;

use mayfly_runtime::providers::{
    Actor, BoxFuture, Claim, ClaimOutcome, Database, GuestError, Isolation, ResultSet, Statement,
    Transaction, TransactionOptions,
};

use super::app_wakes::AppWakes;
use super::checkout::Checkout;
use super::credentials::{CredentialResolver, TenantCredentials};
use super::error::guest_error;
use super::pool::Pools;
use super::rows::JsonRows;
use super::session::SessionUser;
use super::statement::UserStatement;
use super::transaction::{AppTransaction, HeldKey, JobsWithin};
use super::{allow_list, encode};
use crate::identity::{Identity, Privilege};

/// The longest id of an end user, in bytes.
const SUBJECT_MAX: usize = 255;

/// `ctx.db` of one invocation.
pub(crate) struct AppDatabase {
    pools: Arc<Pools>,
    resolver: Arc<dyn CredentialResolver>,
    app_id: Arc<str>,
    identity: Identity,
    /// Told of jobs that transactions have committed.
    wakes: AppWakes,
}

impl fmt::Debug for AppDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppDatabase").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

impl AppDatabase {
    pub(crate) fn new(
        pools: Arc<Pools>,
        resolver: Arc<dyn CredentialResolver>,
        app_id: Arc<str>,
        identity: Identity,
        wakes: AppWakes,
    ) -> Self {
        Self { pools, resolver, app_id, identity, wakes }
    }

    /// A connection, and the credentials, which sign for the user.
    pub(crate) async fn checkout(&self) -> Result<(Checkout, Arc<TenantCredentials>), GuestError> {
        check_subject(self.identity.subject())?;
        let credentials = self.resolver.resolve(&self.app_id).await?;
        let checkout = Checkout::take(&self.pools, &credentials, self.identity.privilege()).await?;
        Ok((checkout, credentials))
    }

    pub(super) async fn transaction(
        &self,
        options: TransactionOptions,
    ) -> Result<(AppTransaction, Arc<TenantCredentials>), GuestError> {
        let (mut checkout, credentials) = self.checkout().await?;
        let (_, session) = checkout.parts().map_err(guest_error)?;
        let claims = session.before_transaction(self.end_user(&credentials));
        let jobs = JobsWithin::new(Arc::clone(&credentials), Arc::clone(&self.app_id), self.wakes.clone());
        Ok((AppTransaction::new(checkout, options, claims, jobs), credentials))
    }

    /// What signs for calls on the app's connections.
    pub(super) async fn credentials(&self) -> Result<Arc<TenantCredentials>, GuestError> {
        self.resolver.resolve(&self.app_id).await
    }

    /// A connection as the service role, and the credentials, which sign for calls on it.
    pub(crate) async fn checkout_with_credentials(
        &self,
    ) -> Result<(Checkout, Arc<TenantCredentials>), GuestError> {
        let credentials = self.resolver.resolve(&self.app_id).await?;
        let checkout = Checkout::take(&self.pools, &credentials, Privilege::Service).await?;
        Ok((checkout, credentials))
    }

    /// A connection as the service role, whatever the identity, beside those that transactions have.
    pub(crate) async fn checkout_as_service(&self) -> Result<Checkout, GuestError> {
        self.checkout_with_credentials().await.map(|(checkout, _)| checkout)
    }

    /// A transaction that holds an idempotency key, or the result of the work that held it before.
    pub(crate) async fn begin_with_key(&self, claim: &Claim) -> Result<ClaimOutcome, GuestError> {
        // A transaction that waited for another must see what that one has committed.
        let options = TransactionOptions { isolation: Some(Isolation::ReadCommitted), read_only: false };
        let (mut transaction, credentials) = self.transaction(options).await?;
        let held = HeldKey::new(&credentials, transaction.checkout(), claim)?;
        transaction.take(held, claim.ttl_seconds).await
    }

    pub(crate) fn end_user<'a>(&'a self, credentials: &'a TenantCredentials) -> Option<SessionUser<'a>> {
        self.identity.subject().map(|subject| SessionUser { credentials, subject })
    }
}

impl Database for AppDatabase {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(async move {
            allow_list::check(&statement.sql, self.identity.privilege())?;
            let bytes_max = self.pools.limits().params_bytes_max;
            let mut params = encode::encode(&statement.params, bytes_max, &[])?;
            let (mut checkout, credentials) = self.checkout().await?;
            if encode::has_array(&statement.params) {
                let types = match checkout.known_types(&statement.sql) {
                    Some(known) => known,
                    None => checkout.ask_types(&statement.sql, &[]).await?,
                };
                params = encode::encode(&statement.params, bytes_max, &types)?;
            }
            let request =
                UserStatement { user: self.end_user(&credentials), sql: &statement.sql, params: &params };
            let mut rows = JsonRows::new(statement.bigint, statement.shape, self.pools.limits());
            let command_tag =
                checkout.within_time(async |checkout| checkout.run(&request, &mut rows).await).await?;
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
        // Only the service role may impersonate: it may do all that a user may, and more.
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
        let (pools, resolver) = (Arc::clone(&self.pools), Arc::clone(&self.resolver));
        Ok(Arc::new(Self::new(pools, resolver, Arc::clone(&self.app_id), identity, self.wakes.clone())))
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
