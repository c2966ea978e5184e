//! `ctx.db`: statements go to the provider as they came; the guest knows transactions by numbers.

mod connections;
mod streams;

pub(crate) use connections::{Connections, TransactionCell, ended};

use mayfly_abi::frame::{Malformed, Reader};
use mayfly_abi::operation::{ActorFrame, Begin, FinishClaim, Query};

use super::operations::{Answer, Started};
use crate::guest_error::GuestError;
use crate::providers::{BoxFuture, Isolation, Statement, Transaction, TransactionOptions};
use connections::{database, statement};

/// A savepoint command of an open transaction.
type SavepointCommand = for<'a> fn(&'a mut dyn Transaction) -> BoxFuture<'a, Result<(), GuestError>>;

impl Connections {
    pub(crate) fn query(&mut self, frame: &[u8]) -> Started {
        let query = Query::read(frame)?;
        if query.transaction != 0 {
            let cell = self.transactions.get(&query.transaction).cloned();
            return Ok(database(query_within(cell, statement(query))));
        }
        let provider = self.acting_as(&query.actor);
        Ok(database(Box::pin(async move { Ok(provider?.query(statement(query)).await?.json) })))
    }

    /// Checks that the invocation may impersonate this actor. Each of its statements is checked again.
    pub(crate) fn act_as(&self, frame: &[u8]) -> Started {
        let provider = self.acting_as(&ActorFrame::read(&mut Reader::new(frame))?);
        Ok(database(Box::pin(async move { provider.map(|_| Vec::new()) })))
    }

    pub(crate) fn begin(&mut self, frame: &[u8]) -> Started {
        let Begin { actor, isolation, read_only } = Begin::read(frame)?;
        let isolation = match isolation {
            0 => None,
            1 => Some(Isolation::ReadCommitted),
            2 => Some(Isolation::RepeatableRead),
            3 => Some(Isolation::Serializable),
            _ => return Err(Malformed),
        };
        let provider = self.acting_as(&actor);
        let (number, cell) = self.reserve();
        Ok(database(Box::pin(async move {
            let begun = provider?.begin(TransactionOptions { isolation, read_only }).await?;
            *cell.lock().await = Some(begun);
            Ok(number.to_le_bytes().to_vec())
        })))
    }

    pub(crate) fn savepoint(&mut self, frame: &[u8]) -> Started {
        self.within(frame, |transaction| transaction.savepoint())
    }

    pub(crate) fn release(&mut self, frame: &[u8]) -> Started {
        self.within(frame, |transaction| transaction.release())
    }

    pub(crate) fn rollback_to(&mut self, frame: &[u8]) -> Started {
        self.within(frame, |transaction| transaction.rollback_to())
    }

    pub(crate) fn commit(&mut self, frame: &[u8]) -> Started {
        let cell = self.transactions.remove(&Reader::new(frame).u32()?);
        Ok(database(Box::pin(async move {
            taken(cell).await?.commit().await?;
            Ok(Vec::new())
        })))
    }

    pub(crate) fn rollback(&mut self, frame: &[u8]) -> Started {
        let cell = self.transactions.remove(&Reader::new(frame).u32()?);
        Ok(database(Box::pin(async move {
            taken(cell).await?.rollback().await?;
            Ok(Vec::new())
        })))
    }

    /// Commits a transaction that a claim began, with the result of its work.
    pub(crate) fn finish(&mut self, frame: &[u8]) -> Started {
        let FinishClaim { transaction, result } = FinishClaim::read(frame)?;
        let cell = self.transactions.remove(&transaction);
        Ok(database(Box::pin(async move {
            taken(cell).await?.finish(result).await?;
            Ok(Vec::new())
        })))
    }

    fn within(&self, frame: &[u8], command: SavepointCommand) -> Started {
        let cell = self.transactions.get(&Reader::new(frame).u32()?).cloned();
        Ok(database(Box::pin(async move {
            let cell = cell.ok_or_else(ended)?;
            let mut transaction = cell.lock().await;
            command(transaction.as_deref_mut().ok_or_else(ended)?).await?;
            Ok(Vec::new())
        })))
    }
}

fn query_within(cell: Option<TransactionCell>, statement: Statement) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let cell = cell.ok_or_else(ended)?;
        // The lock is what makes statements of one transaction run one after the other.
        let mut transaction = cell.lock().await;
        let transaction = transaction.as_mut().ok_or_else(ended)?;
        Ok(transaction.query(statement).await?.json)
    })
}

async fn taken(cell: Option<TransactionCell>) -> Result<Box<dyn Transaction>, GuestError> {
    cell.ok_or_else(ended)?.lock().await.take().ok_or_else(ended)
}
