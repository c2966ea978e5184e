//! `ctx.enqueue`: jobs go to the provider, or into a transaction of this invocation.

use std::sync::Arc;

use mayfly_abi::operation::{EnqueueFrame, Enqueued};

use super::database::{Connections, TransactionCell};
use super::operations::{OperationKind, Started};
use crate::guest_error::GuestError;
use crate::providers::{NewJob, Queue, StoredJob};

/// The queue's side of one invocation.
#[derive(Default)]
pub(crate) struct QueueAccess {
    provider: Option<Arc<dyn Queue>>,
}

impl QueueAccess {
    pub(crate) fn new(provider: Option<Arc<dyn Queue>>) -> Self {
        Self { provider }
    }

    pub(crate) fn enqueue(&self, frame: &[u8], connections: &Connections) -> Started {
        let frame = EnqueueFrame::read(frame)?;
        let job = NewJob {
            function: frame.function.to_owned(),
            payload: frame.payload.to_owned(),
            key: (!frame.key.is_empty()).then(|| frame.key.to_owned()),
            start: frame.start,
            attempts: (frame.attempts != 0).then_some(frame.attempts),
            backoff_seconds: (frame.backoff >= 0.0).then_some(frame.backoff),
        };
        let within = (frame.transaction != 0).then(|| connections.transaction(frame.transaction));
        let provider = self.provider.clone();
        Ok((
            OperationKind::Database,
            Box::pin(async move {
                let provider = provider.ok_or_else(unavailable)?;
                let job = Arc::clone(&provider).admit(job).await?;
                let StoredJob { id, duplicate } = match within {
                    None => provider.enqueue(job).await?,
                    Some(cell) => store_within(cell?, job).await?,
                };
                Ok(Enqueued { id: &id, duplicate }.to_frame())
            }),
        ))
    }
}

async fn store_within(cell: TransactionCell, job: NewJob) -> Result<StoredJob, GuestError> {
    let mut transaction = cell.lock().await;
    transaction.as_mut().ok_or_else(super::database::ended)?.enqueue(job).await
}

fn unavailable() -> GuestError {
    GuestError::new("DB_UNAVAILABLE", "this invocation was granted no database, so there is no queue")
}
