//! A database that cannot be changed: every statement, and every transaction, is in one of PostgreSQL's read-only transactions,
//! which no statement can leave.

use std::sync::Arc;

use mayfly_runtime::providers::{
    Actor, BoxFuture, Database, GuestError, ResultSet, Statement, Transaction, TransactionOptions,
};

/// A database, for looking.
pub(super) struct ReadOnlyDatabase(pub(super) Arc<dyn Database>);

impl Database for ReadOnlyDatabase {
    fn query(self: Arc<Self>, statement: Statement) -> BoxFuture<'static, Result<ResultSet, GuestError>> {
        Box::pin(async move {
            let options = TransactionOptions { isolation: None, read_only: true };
            let mut transaction = Arc::clone(&self.0).begin(options).await?;
            match transaction.query(statement).await {
                Ok(rows) => transaction.commit().await.map(|()| rows),
                Err(error) => {
                    // Its connection is as good as before; where even that fails, it is not used again.
                    let _ = transaction.rollback().await;
                    Err(error)
                }
            }
        })
    }

    fn begin(
        self: Arc<Self>,
        options: TransactionOptions,
    ) -> BoxFuture<'static, Result<Box<dyn Transaction>, GuestError>> {
        Arc::clone(&self.0).begin(TransactionOptions { read_only: true, ..options })
    }

    fn act_as(self: Arc<Self>, actor: Actor) -> Result<Arc<dyn Database>, GuestError> {
        let other = Arc::clone(&self.0).act_as(actor)?;
        Ok(Arc::new(Self(other)))
    }
}
