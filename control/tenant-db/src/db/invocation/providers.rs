//! What an invocation that is one transaction is granted: `ctx.db`, `ctx.idempotency` and where its jobs go.

use std::sync::Arc;

use mayfly_runtime::providers::{
    Actor, BoxFuture, Claim, ClaimOutcome, Database, GuestError, Idempotency, KeyValueCall, NewJob,
    ResultSet, Statement, StoredJob, Transaction, TransactionOptions,
};

use super::nested::Nested;
use super::reading::Reading;
use super::{InvocationTransaction, apart};
use crate::db::transaction::HeldKey;

impl Database for InvocationTransaction {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(async move {
            match self.open().await? {
                None => Arc::clone(&self.database).query(statement).await,
                Some(mut opened) => {
                    apart(opened.outermost()?, async |transaction| transaction.query_in(statement).await)
                        .await
                }
            }
        })
    }

    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        Box::pin(async move {
            let Some(mut opened) = self.open().await? else {
                return Arc::clone(&self.database).begin(options).await;
            };
            if options.isolation.is_some() {
                return Err(GuestError::new(
                    "25001",
                    "the invocation is one transaction, whose isolation is not chosen within it",
                ));
            }
            let transaction = opened.outermost()?;
            if options.read_only {
                // Streams too: a loop over one goes on with statements of its own.
                drop(opened);
                return Ok(Box::new(Reading::new(self)) as Box<dyn Transaction>);
            }
            transaction.create_savepoint()?;
            opened.set_nested(true);
            drop(opened);
            Ok(Box::new(Nested::new(self, None)) as Box<dyn Transaction>)
        })
    }

    fn act_as(self: Arc<Self>, _actor: Actor) -> Result<Arc<dyn Database>, GuestError> {
        Err(GuestError::new("0A000", "the invocation is one transaction, and that is of one identity"))
    }
}

impl Idempotency for InvocationTransaction {
    // No part of the transaction: it counts and caches what stays whatever becomes of that.
    fn key_value(self: Arc<Self>, call: KeyValueCall) -> BoxFuture<'static, Result<String, GuestError>> {
        Arc::clone(&self.claims).key_value(call)
    }

    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>> {
        Box::pin(async move {
            let Some(mut opened) = self.open().await? else {
                return Arc::clone(&self.claims).claim(claim).await;
            };
            let credentials = self.database.credentials().await?;
            apart(opened.outermost()?, async |transaction| {
                let held = HeldKey::new(&credentials, transaction.checkout(), &claim)?;
                Ok(transaction.take_key(&held, claim.ttl_seconds).await?.mine)
            })
            .await
        })
    }

    fn begin(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<ClaimOutcome, GuestError>> {
        Box::pin(async move {
            let Some(mut opened) = self.open().await? else {
                return Idempotency::begin(Arc::clone(&self.claims), claim).await;
            };
            let credentials = self.database.credentials().await?;
            let transaction = opened.outermost()?;
            transaction.create_savepoint()?;
            let held = HeldKey::new(&credentials, transaction.checkout(), &claim)?;
            match transaction.take_key(&held, claim.ttl_seconds).await {
                Ok(row) if row.mine => {
                    opened.set_nested(true);
                    drop(opened);
                    Ok(ClaimOutcome::Mine(Box::new(Nested::new(self, Some(held)))))
                }
                Ok(row) => {
                    transaction.rollback_to_savepoint().await?;
                    row.into_result().map(ClaimOutcome::Done)
                }
                Err(error) => {
                    let _ = transaction.rollback_to_savepoint().await;
                    Err(error)
                }
            }
        })
    }
}

impl InvocationTransaction {
    /// Store a job in it. `None`: it has ended, so the job is to be stored by itself.
    ///
    /// # Errors
    /// As those of a statement.
    pub async fn enqueue(&self, job: &NewJob) -> Result<Option<StoredJob>, GuestError> {
        let Some(mut opened) = self.open().await? else { return Ok(None) };
        let stored =
            apart(opened.outermost()?, async |transaction| transaction.store_job(job.clone()).await).await?;
        Ok(Some(stored))
    }
}
