//! `Publisher`: sends messages to all nodes. What comes together goes in one transaction: a notification costs little, a
//! commit does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::tasks::Tasks;
use mayfly_store::{Envelope, POSTGRESQL, Store};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{mpsc, oneshot};

/// Messages that wait to be sent, and those of one transaction.
const QUEUE_MAX: usize = 256;
const BATCH_MAX: usize = 128;

/// Sends messages. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Publisher {
    queue: mpsc::Sender<Waiting>,
    node: Arc<str>,
    count: Arc<AtomicU64>,
}

struct Waiting {
    envelope: Envelope,
    sent: oneshot::Sender<Result<(), Arc<str>>>,
}

/// A message of a channel, as its subscribers get it.
#[derive(Serialize)]
struct Broadcast<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    channel: &'a str,
    data: &'a RawValue,
}

impl Publisher {
    /// One over this store; it works until the server stops.
    pub fn start(tasks: &Tasks, store: Store, node: Arc<str>) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        tasks.service(send_all(store, waiting));
        Self { queue, node, count: Arc::default() }
    }

    /// Give data to all who are subscribed to a channel, on every node. Ends when PostgreSQL has it.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn broadcast(&self, app: &str, channel: &str, data: &RawValue) -> ApiResult<()> {
        let frame =
            to_raw_value(&Broadcast { kind: "broadcast", channel, data }).map_err(ApiError::internal)?;
        let (sent, answer) = oneshot::channel();
        let waiting = Waiting { envelope: self.envelope(app, channel, Some(frame)), sent };
        let stopped = || ApiError::unavailable(POSTGRESQL, "the server is shutting down");
        self.queue.send(waiting).await.map_err(|_| stopped())?;
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(ApiError::unavailable(POSTGRESQL, cause.as_ref())),
            Err(_) => Err(stopped()),
        }
    }

    /// A message that is like no other.
    pub(super) fn envelope(&self, app: &str, channel: &str, frame: Option<Box<RawValue>>) -> Envelope {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let nonce = format!("{}/{number}", self.node).into();
        Envelope { app: app.into(), channel: channel.into(), frame, nonce }
    }
}

async fn send_all(store: Store, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while waiting.recv_many(&mut batch, BATCH_MAX).await > 0 {
        let (envelopes, sent): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|waiting| (waiting.envelope, waiting.sent)).unzip();
        let result = store.realtime().publish(&envelopes).await.map_err(|error| Arc::from(error.to_string()));
        for sent in sent {
            // One that waits no more has ended.
            let _ = sent.send(result.clone());
        }
    }
}
