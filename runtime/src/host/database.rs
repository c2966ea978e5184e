//! `ctx.db`: statements go to the provider as they came; transactions are numbers to the guest.

mod streams;

use std::collections::HashMap;
use std::sync::Arc;

use mayfly_abi::frame::{Malformed, Reader};
use mayfly_abi::operation::{Actor as Wish, Begin, Query, Settle};
use tokio::sync::Mutex;

use self::streams::Streams;
use super::operations::{Answer, Kind};
use super::submit::Begun;
use crate::providers::{
    Actor, BigintMode, BoxFuture, Database, GuestError, Isolation, RowShape, Statement, Transaction,
    TransactionOptions,
};

/// Where a transaction stands; empty before it has begun and after it has ended.
pub(super) type Slot = Arc<Mutex<Option<Box<dyn Transaction>>>>;

/// Something that is done with an open transaction.
type Step = for<'a> fn(&'a mut dyn Transaction) -> BoxFuture<'a, Result<(), GuestError>>;

/// The database side of one invocation. Dropping it rolls back whatever is open.
#[derive(Default)]
pub(crate) struct Connections {
    provider: Option<Arc<dyn Database>>,
    transactions: HashMap<u32, Slot>,
    streams: Streams,
    last: u32,
}

impl Connections {
    pub(crate) fn new(provider: Option<Arc<dyn Database>>) -> Self {
        Self { provider, ..Self::default() }
    }

    pub(super) fn query(&mut self, frame: &[u8]) -> Begun {
        let query = Query::read(frame)?;
        if query.transaction != 0 {
            let slot = self.transactions.get(&query.transaction).cloned();
            return Ok(database(query_within(slot, statement(query))));
        }
        let provider = self.acting_as(&query.actor);
        Ok(database(Box::pin(async move { Ok(provider?.query(statement(query)).await?.json) })))
    }

    /// Asked before a function gets to run as somebody else. Each of its statements is asked again.
    pub(super) fn act_as(&self, frame: &[u8]) -> Begun {
        let provider = self.acting_as(&Wish::read(&mut Reader::new(frame))?);
        Ok(database(Box::pin(async move { provider.map(|_| Vec::new()) })))
    }

    pub(super) fn begin(&mut self, frame: &[u8]) -> Begun {
        let Begin { actor, isolation, read_only } = Begin::read(frame)?;
        let isolation = match isolation {
            0 => None,
            1 => Some(Isolation::ReadCommitted),
            2 => Some(Isolation::RepeatableRead),
            3 => Some(Isolation::Serializable),
            _ => return Err(Malformed),
        };
        let provider = self.acting_as(&actor);
        let (number, slot) = self.reserve();
        Ok(database(Box::pin(async move {
            let begun = provider?.begin(TransactionOptions { isolation, read_only }).await?;
            *slot.lock().await = Some(begun);
            Ok(number.to_le_bytes().to_vec())
        })))
    }

    pub(super) fn savepoint(&mut self, frame: &[u8]) -> Begun {
        self.within(frame, |transaction| transaction.savepoint())
    }

    pub(super) fn release(&mut self, frame: &[u8]) -> Begun {
        self.within(frame, |transaction| transaction.release())
    }

    pub(super) fn rollback_to(&mut self, frame: &[u8]) -> Begun {
        self.within(frame, |transaction| transaction.rollback_to())
    }

    pub(super) fn commit(&mut self, frame: &[u8]) -> Begun {
        let slot = self.transactions.remove(&Reader::new(frame).u32()?);
        Ok(database(Box::pin(async move {
            taken(slot).await?.commit().await?;
            Ok(Vec::new())
        })))
    }

    pub(super) fn rollback(&mut self, frame: &[u8]) -> Begun {
        let slot = self.transactions.remove(&Reader::new(frame).u32()?);
        Ok(database(Box::pin(async move {
            taken(slot).await?.rollback().await?;
            Ok(Vec::new())
        })))
    }

    /// Ends a transaction that a claim began.
    pub(super) fn settle(&mut self, frame: &[u8]) -> Begun {
        let Settle { transaction, result } = Settle::read(frame)?;
        let slot = self.transactions.remove(&transaction);
        Ok(database(Box::pin(async move {
            taken(slot).await?.settle(result).await?;
            Ok(Vec::new())
        })))
    }

    /// A number for a transaction to be, and where it will stand.
    pub(super) fn reserve(&mut self) -> (u32, Slot) {
        self.last += 1;
        let slot = Slot::default();
        self.transactions.insert(self.last, Arc::clone(&slot));
        (self.last, slot)
    }

    fn within(&self, frame: &[u8], work: Step) -> Begun {
        let slot = self.transactions.get(&Reader::new(frame).u32()?).cloned();
        Ok(database(Box::pin(async move {
            let slot = slot.ok_or_else(ended)?;
            let mut transaction = slot.lock().await;
            work(transaction.as_deref_mut().ok_or_else(ended)?).await?;
            Ok(Vec::new())
        })))
    }

    fn acting_as(&self, wish: &Wish) -> Result<Arc<dyn Database>, GuestError> {
        let provider = self.provider.as_ref().map(Arc::clone).ok_or_else(unavailable)?;
        match wish {
            Wish::Own => Ok(provider),
            Wish::User(id) => provider.act_as(Actor::User(id.clone())),
            Wish::Anon => provider.act_as(Actor::Anon),
        }
    }
}

fn statement(query: Query) -> Statement {
    let Query { sql, params, bigint_as_text, rows_as_arrays, .. } = query;
    let bigint = if bigint_as_text { BigintMode::Text } else { BigintMode::Auto };
    let shape = if rows_as_arrays { RowShape::Array } else { RowShape::Object };
    Statement { sql, params, bigint, shape }
}

fn database(work: BoxFuture<'static, Answer>) -> (Kind, BoxFuture<'static, Answer>) {
    (Kind::Database, work)
}

fn query_within(slot: Option<Slot>, statement: Statement) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let slot = slot.ok_or_else(ended)?;
        // The lock is what makes statements of one transaction run one after the other.
        let mut transaction = slot.lock().await;
        let transaction = transaction.as_mut().ok_or_else(ended)?;
        Ok(transaction.query(statement).await?.json)
    })
}

async fn taken(slot: Option<Slot>) -> Result<Box<dyn Transaction>, GuestError> {
    slot.ok_or_else(ended)?.lock().await.take().ok_or_else(ended)
}

fn ended() -> GuestError {
    GuestError::new("25P01", "this transaction has ended")
}

fn unavailable() -> GuestError {
    GuestError::new("DB_UNAVAILABLE", "this invocation was lent no database")
}
