//! Messages to the subscribers of a channel: published in one order, which every node sees.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio_postgres::Transaction;

use super::RealtimeTables;
use crate::listen::{Heard, Listener};
use crate::{Store, StoreError};

const CHANNEL: &str = "mayfly_realtime";
/// PostgreSQL takes payloads below 8,000 bytes.
const PAYLOAD_BYTES_MAX: usize = 7_900;
/// For how long the table keeps a message: far longer than a node takes to read it.
const KEPT_SECONDS: f64 = 300.0;

/// One message: what the subscribers of a channel get, or a mark in the order of messages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope {
    /// The app.
    #[serde(rename = "a")]
    pub app: Box<str>,
    /// The channel.
    #[serde(rename = "c")]
    pub channel: Box<str>,
    /// The frame, as clients get it; none: a mark for the node that knows its nonce.
    #[serde(rename = "f")]
    pub frame: Option<Box<RawValue>>,
    /// Makes it another message than any before: PostgreSQL delivers equal payloads of a transaction once.
    #[serde(rename = "n")]
    pub nonce: Box<str>,
}

/// Where the message is, when it is too large for a notification.
#[derive(Serialize, Deserialize)]
struct Kept {
    m: i64,
}

/// What a subscription delivers.
#[derive(Debug)]
pub enum Arrival {
    /// A message.
    Message(Envelope),
    /// Messages may have been missed; also the first one of a subscription.
    Gap,
}

/// A subscription to the messages of all nodes. It reconnects by itself; dropping it ends it.
#[derive(Debug)]
pub struct Messages {
    listener: Listener,
    store: Store,
}

impl Messages {
    pub(super) fn start(store: &Store) -> Self {
        Self { listener: Listener::start(store, CHANNEL), store: store.clone() }
    }

    /// The next one. `None` comes only once the store is closed.
    pub async fn next(&mut self) -> Option<Arrival> {
        let payload = match self.listener.next().await? {
            Heard::Listening => return Some(Arrival::Gap),
            Heard::Payload(payload) => payload,
        };
        let message = match serde_json::from_str::<Kept>(&payload) {
            Ok(Kept { m: id }) => self.read(id).await,
            Err(_) => serde_json::from_str(&payload).ok(),
        };
        Some(message.map_or(Arrival::Gap, Arrival::Message))
    }

    async fn read(&self, id: i64) -> Option<Envelope> {
        match self.store.realtime().body(id).await {
            Ok(body) => serde_json::from_str(&body?).ok(),
            Err(error) => {
                tracing::warn!(%error, "a message of a channel could not be read");
                None
            }
        }
    }
}

impl RealtimeTables<'_> {
    /// Publish messages in this order, all or none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn publish(&self, messages: &[Envelope]) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        notify(&transaction, messages).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Delete messages that every node has read long since.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tidy_messages(&self) -> Result<u64, StoreError> {
        let delete = "DELETE FROM realtime_messages WHERE created_at < now() - $1 * interval '1 s'";
        Ok(self.store.client().await?.execute(delete, &[&KEPT_SECONDS]).await?)
    }

    async fn body(&self, id: i64) -> Result<Option<String>, StoreError> {
        let row = self
            .store
            .client()
            .await?
            .query_opt("SELECT body FROM realtime_messages WHERE id = $1", &[&id])
            .await?;
        Ok(row.map(|row| row.get(0)))
    }
}

/// Tell every node, once the transaction commits: the large ones by way of the table.
pub(super) async fn notify(transaction: &Transaction<'_>, messages: &[Envelope]) -> Result<(), StoreError> {
    let internal = |error: serde_json::Error| StoreError::Internal(error.to_string());
    let mut payloads = Vec::with_capacity(messages.len());
    for message in messages {
        let mut payload = serde_json::to_string(message).map_err(internal)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            let insert = "INSERT INTO realtime_messages (body) VALUES ($1) RETURNING id";
            let id = transaction.query_one(insert, &[&payload]).await?.get(0);
            payload = serde_json::to_string(&Kept { m: id }).map_err(internal)?;
        }
        payloads.push(payload);
    }
    let notify = "SELECT count(pg_notify($1, payload)) FROM unnest($2::text[]) AS payload";
    transaction.query_one(notify, &[&CHANNEL, &payloads]).await?;
    Ok(())
}
