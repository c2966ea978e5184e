//! `ctx.db.stream`: rows of a statement, fetched when the guest asks for them.

use std::sync::Arc;

use mayfly_abi::frame::Reader;
use mayfly_abi::operation::{FetchRows, Query, RowsFrame};
use tokio::sync::Mutex;

use super::connections::{Connections, RowStream, TransactionCell, database, ended, statement};
use crate::capability::operations::Started;
use crate::guest_error::GuestError;
use crate::providers::{Transaction, TransactionOptions};

impl Connections {
    pub(crate) fn open(&mut self, frame: &[u8]) -> Started {
        let query = Query::read(frame)?;
        let is_alone = query.transaction == 0;
        let within = self.transactions.get(&query.transaction).cloned();
        let provider = self.acting_as(&query.actor);
        self.streams.last += 1;
        let number = self.streams.last;
        let place = Arc::new(Mutex::new(None));
        self.streams.open.insert(number, Arc::clone(&place));
        Ok(database(Box::pin(async move {
            let transaction = match within {
                Some(cell) => cell,
                None if is_alone => {
                    // Read-only: a loop that stops early must not leave it open whether the rest of a write happened.
                    let options = TransactionOptions { isolation: None, read_only: true };
                    Arc::new(Mutex::new(Some(provider?.begin(options).await?)))
                }
                None => return Err(ended()),
            };
            let opened = match transaction.lock().await.as_mut() {
                Some(open) => open.open(statement(query)).await,
                None => Err(ended()),
            };
            let cursor = match opened {
                Ok(cursor) => cursor,
                Err(error) => {
                    if is_alone {
                        rollback(&transaction).await;
                    }
                    return Err(error);
                }
            };
            *place.lock().await = Some(RowStream { transaction, cursor, is_alone });
            Ok(number.to_le_bytes().to_vec())
        })))
    }

    pub(crate) fn fetch(&mut self, frame: &[u8]) -> Started {
        let FetchRows { stream, rows } = FetchRows::read(frame)?;
        let place = self.streams.open.get(&stream).cloned();
        Ok(database(Box::pin(async move {
            let place = place.ok_or_else(closed)?;
            let mut stream = place.lock().await;
            let RowStream { transaction, cursor, is_alone } = stream.take().ok_or_else(closed)?;
            let fetched = match transaction.lock().await.as_mut() {
                Some(open) => open.fetch(cursor, rows).await,
                None => Err(ended()),
            };
            match &fetched {
                Ok(batch) if !batch.is_last => *stream = Some(RowStream { transaction, cursor, is_alone }),
                Ok(_) if is_alone => commit(&transaction).await?,
                Err(_) if is_alone => rollback(&transaction).await,
                Ok(_) | Err(_) => {}
            }
            let batch = fetched?;
            Ok(RowsFrame { is_last: batch.is_last, json: &batch.result.json }.to_frame())
        })))
    }

    pub(crate) fn close(&mut self, frame: &[u8]) -> Started {
        let place = self.streams.open.remove(&Reader::new(frame).u32()?);
        Ok(database(Box::pin(async move {
            let Some(place) = place else { return Ok(Vec::new()) };
            // One that is at its end is closed already.
            let Some(stream) = place.lock().await.take() else { return Ok(Vec::new()) };
            if stream.is_alone {
                rollback(&stream.transaction).await;
            } else if let Some(open) = stream.transaction.lock().await.as_mut() {
                open.close(stream.cursor).await?;
            }
            Ok(Vec::new())
        })))
    }
}

async fn commit(transaction: &TransactionCell) -> Result<(), GuestError> {
    match transaction.lock().await.take() {
        Some(open) => open.commit().await,
        None => Ok(()),
    }
}

/// Nothing was written: where it cannot be rolled back its connection is closed, which comes to the same.
async fn rollback(transaction: &TransactionCell) {
    let open: Option<Box<dyn Transaction>> = transaction.lock().await.take();
    if let Some(open) = open {
        let _ = open.rollback().await;
    }
}

fn closed() -> GuestError {
    GuestError::new("34000", "this stream is closed")
}
