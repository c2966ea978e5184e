//! Read-only transactions and streams within an invocation that is one transaction: they see what it has written, and
//! leave its other statements free.

use std::sync::Arc;

use mayfly_runtime::providers::{
    BoxFuture, Cursor, GuestError, NewJob, ResultSet, RowBatch, Statement, StoredJob, Transaction,
};

use super::{InvocationTransaction, Opened, apart, ended};

/// A view that only reads.
pub(super) struct Reading {
    within: Arc<InvocationTransaction>,
    open: Vec<Cursor>,
}

impl Reading {
    pub(super) fn new(within: Arc<InvocationTransaction>) -> Self {
        Self { within, open: Vec::new() }
    }

    async fn opened(&self) -> Result<Opened<'_>, GuestError> {
        self.within.open().await?.ok_or_else(ended)
    }

    /// What a stream has open is closed; nothing else is to be undone.
    async fn close_all(self) -> Result<(), GuestError> {
        let mut opened = self.opened().await?;
        for cursor in &self.open {
            opened.within()?.close_cursor(*cursor).await?;
        }
        Ok(())
    }
}

fn unsupported() -> GuestError {
    GuestError::new("25006", "nothing is written in a read-only transaction")
}

impl Transaction for Reading {
    fn query(&mut self, statement: Statement) -> BoxFuture<'_, Result<ResultSet, GuestError>> {
        Box::pin(async move {
            let mut opened = self.opened().await?;
            apart(opened.outermost()?, async |transaction| {
                transaction.read_only_here();
                transaction.query_in(statement).await
            })
            .await
        })
    }

    fn savepoint(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        // Each statement has one of its own, and nothing is written.
        Box::pin(async { Ok(()) })
    }

    fn release(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn rollback_to(&mut self) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async { Ok(()) })
    }

    fn open(&mut self, statement: Statement) -> BoxFuture<'_, Result<Cursor, GuestError>> {
        Box::pin(async move {
            let cursor = apart(self.opened().await?.outermost()?, async |transaction| {
                transaction.read_only_here();
                transaction.open_cursor(statement).await
            })
            .await?;
            self.open.push(cursor);
            Ok(cursor)
        })
    }

    fn fetch(&mut self, cursor: Cursor, rows: u32) -> BoxFuture<'_, Result<RowBatch, GuestError>> {
        Box::pin(async move {
            apart(self.opened().await?.outermost()?, async |transaction| {
                transaction.send_pending().await?;
                transaction.fetch_rows(cursor, rows).await
            })
            .await
        })
    }

    fn close(&mut self, cursor: Cursor) -> BoxFuture<'_, Result<(), GuestError>> {
        Box::pin(async move {
            self.open.retain(|other| *other != cursor);
            self.opened().await?.within()?.close_cursor(cursor).await
        })
    }

    fn enqueue(&mut self, _job: NewJob) -> BoxFuture<'_, Result<StoredJob, GuestError>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn finish(self: Box<Self>, _result: String) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(async { Err(unsupported()) })
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(self.close_all())
    }

    fn rollback(self: Box<Self>) -> BoxFuture<'static, Result<(), GuestError>> {
        Box::pin(self.close_all())
    }
}
