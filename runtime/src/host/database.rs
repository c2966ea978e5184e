//! `ctx.db`: statements go to the provider as they came; transactions are numbers to the guest.

use std::collections::HashMap;
use std::sync::Arc;

use mayfly_abi::frame::{Malformed, Reader};
use mayfly_abi::operation::{Begin, Query};
use tokio::sync::Mutex;

use super::operations::{Answer, Kind};
use super::submit::Begun;
use crate::providers::{
    BigintMode, BoxFuture, Database, GuestError, Isolation, Statement, Transaction, TransactionOptions,
};

type Slot = Arc<Mutex<Option<Box<dyn Transaction>>>>;

/// The database side of one invocation. Dropping it rolls back whatever is open.
#[derive(Default)]
pub(crate) struct Connections {
    provider: Option<Arc<dyn Database>>,
    transactions: HashMap<u32, Slot>,
    last: u32,
}

impl Connections {
    pub(crate) fn new(provider: Option<Arc<dyn Database>>) -> Self {
        Self { provider, ..Self::default() }
    }

    pub(super) fn query(&mut self, frame: &[u8]) -> Begun {
        let Query { transaction, bigint_as_text, sql, params } = Query::read(frame)?;
        let bigint = if bigint_as_text { BigintMode::Text } else { BigintMode::Auto };
        let statement = Statement { sql, params, bigint };
        if transaction != 0 {
            return Ok(database(query_within(self.transactions.get(&transaction).cloned(), statement)));
        }
        Ok(database(match &self.provider {
            Some(provider) => {
                let query = Arc::clone(provider).query(statement);
                Box::pin(async move { Ok(query.await?.json) })
            }
            None => refused(),
        }))
    }

    pub(super) fn begin(&mut self, frame: &[u8]) -> Begun {
        let Begin { isolation, read_only } = Begin::read(frame)?;
        let isolation = match isolation {
            0 => None,
            1 => Some(Isolation::ReadCommitted),
            2 => Some(Isolation::RepeatableRead),
            3 => Some(Isolation::Serializable),
            _ => return Err(Malformed),
        };
        let Some(provider) = &self.provider else {
            return Ok(database(refused()));
        };
        self.last += 1;
        let number = self.last;
        let slot = Slot::default();
        self.transactions.insert(number, Arc::clone(&slot));
        let begin = Arc::clone(provider).begin(TransactionOptions { isolation, read_only });
        Ok(database(Box::pin(async move {
            *slot.lock().await = Some(begin.await?);
            Ok(number.to_le_bytes().to_vec())
        })))
    }

    pub(super) fn commit(&mut self, frame: &[u8]) -> Begun {
        let slot = self.end(frame)?;
        Ok(database(Box::pin(async move {
            taken(slot).await?.commit().await?;
            Ok(Vec::new())
        })))
    }

    pub(super) fn rollback(&mut self, frame: &[u8]) -> Begun {
        let slot = self.end(frame)?;
        Ok(database(Box::pin(async move {
            taken(slot).await?.rollback().await?;
            Ok(Vec::new())
        })))
    }

    fn end(&mut self, frame: &[u8]) -> Result<Option<Slot>, Malformed> {
        let number = Reader::new(frame).u32()?;
        Ok(self.transactions.remove(&number))
    }
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

fn refused() -> BoxFuture<'static, Answer> {
    Box::pin(async { Err(GuestError::new("DB_UNAVAILABLE", "this invocation was lent no database")) })
}
