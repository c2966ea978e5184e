//! `ctx.db.tx` and `ctx.idempotency.run` within an invocation that is one transaction: a savepoint of it.

use std::sync::Arc;

use mayfly_runtime::providers::{
    BoxFuture, Cursor, GuestError, NewJob, ResultSet, RowBatch, Statement, StoredJob, Transaction,
};

use super::{InvocationTransaction, Opened, ended};
use crate::db::transaction::HeldKey;

/// A savepoint. While it is open, the invocation's other statements are refused. Dropped, it stays open: the function
/// has ended, and nothing is committed.
pub(super) struct Nested {
    within: Arc<InvocationTransaction>,
    held: Option<HeldKey>,
}

impl Nested {
    pub(super) fn new(within: Arc<InvocationTransaction>, held: Option<HeldKey>) -> Self {
        Self { within, held }
    }

    async fn opened(&self) -> Result<Opened<'_>, GuestError> {
        self.within.open().await?.ok_or_else(ended)
    }

    async fn release_now(&self) -> Result<(), GuestError> {
        let mut opened = self.opened().await?;
        opened.set_nested(false);
        opened.within()?.release_savepoint().await
    }
}

impl Transaction for Nested {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.query_in(statement).await })
    }

    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.create_savepoint() })
    }

    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.release_savepoint().await })
    }

    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.rollback_to_savepoint().await })
    }

    fn open(&mut self, statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.open_cursor(statement).await })
    }

    fn fetch(&mut self, cursor: Cursor, rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.fetch_rows(cursor, rows).await })
    }

    fn close(&mut self, cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.close_cursor(cursor).await })
    }

    fn enqueue(&mut self, job: NewJob) -> BoxFuture<'_, Result<StoredJob, GuestError>> {
        Box::pin(async move { self.opened().await?.within()?.store_job(job).await })
    }

    fn finish(mut self: Box<Self>, result: String) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move {
            let held = self.held.take();
            let stored = self.opened().await?.within()?.store_result(held, &result).await;
            match stored {
                Ok(()) => self.release_now().await,
                Err(error) => {
                    let _ = self.rollback().await;
                    Err(error)
                }
            }
        })
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move { self.release_now().await })
    }

    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async move {
            let mut opened = self.opened().await?;
            opened.set_nested(false);
            opened.within()?.rollback_to_savepoint().await
        })
    }
}
