//! The state of `ctx.db` in one invocation: its provider, its transactions and its streams.

use std::collections::HashMap;
use std::sync::Arc;

use mayfly_abi::operation::{ActorFrame, Query};
use tokio::sync::Mutex;

use crate::capability::operations::{Answer, OperationKind};
use crate::guest_error::GuestError;
use crate::providers::{Actor, BigintMode, BoxFuture, Cursor, Database, RowShape, Statement, Transaction};

/// Holds a transaction; empty before it has begun and after it has ended.
pub(crate) type TransactionCell = Arc<Mutex<Option<Box<dyn Transaction>>>>;

/// The database side of one invocation. Dropping it rolls back whatever is open.
#[derive(Default)]
pub(crate) struct Connections {
    pub(super) provider: Option<Arc<dyn Database>>,
    pub(super) transactions: HashMap<u32, TransactionCell>,
    pub(super) streams: Streams,
    pub(super) last: u32,
}

/// The streams of one invocation, by number.
#[derive(Default)]
pub(crate) struct Streams {
    pub(super) open: HashMap<u32, Arc<Mutex<Option<RowStream>>>>,
    pub(super) last: u32,
}

pub(super) struct RowStream {
    pub(super) transaction: TransactionCell,
    pub(super) cursor: Cursor,
    /// The transaction is the stream's own, and ends with it.
    pub(super) is_alone: bool,
}

impl Connections {
    pub(crate) fn new(provider: Option<Arc<dyn Database>>) -> Self {
        Self { provider, ..Self::default() }
    }

    /// The number of a transaction that is about to begin, and the cell that will hold it.
    pub(crate) fn reserve(&mut self) -> (u32, TransactionCell) {
        self.last += 1;
        let cell = TransactionCell::default();
        self.transactions.insert(self.last, Arc::clone(&cell));
        (self.last, cell)
    }

    /// The cell of a transaction that has begun.
    pub(crate) fn transaction(&self, number: u32) -> Result<TransactionCell, GuestError> {
        self.transactions.get(&number).cloned().ok_or_else(ended)
    }

    pub(super) fn acting_as(&self, frame: &ActorFrame) -> Result<Arc<dyn Database>, GuestError> {
        let provider = self.provider.as_ref().map(Arc::clone).ok_or_else(unavailable)?;
        match frame {
            ActorFrame::Own => Ok(provider),
            ActorFrame::User(id) => provider.act_as(Actor::User(id.clone())),
            ActorFrame::Anon => provider.act_as(Actor::Anon),
        }
    }
}

pub(super) fn statement(query: Query) -> Statement {
    let Query { sql, params, bigint_as_text, rows_as_arrays, .. } = query;
    let bigint = if bigint_as_text { BigintMode::Text } else { BigintMode::Auto };
    let shape = if rows_as_arrays { RowShape::Array } else { RowShape::Object };
    Statement { sql, params, bigint, shape }
}

pub(super) fn database(work: BoxFuture<'static, Answer>) -> (OperationKind, BoxFuture<'static, Answer>) {
    (OperationKind::Database, work)
}

pub(crate) fn ended() -> GuestError {
    GuestError::new("25P01", "this transaction has ended")
}

pub(super) fn unavailable() -> GuestError {
    GuestError::new("DB_UNAVAILABLE", "this invocation was granted no database")
}
