//! Change notifications for every node, by `LISTEN`/`NOTIFY`: what was deployed, changed or deleted.
//!
//! A change is written down in its transaction, and notified of after that by a statement of its own: a transaction that
//! notifies waits at its commit for every other one of the cluster that does, an app's own included.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio_postgres::Transaction;

use crate::listen::{Heard, Listener};
use crate::{Store, StoreError};

const CHANNEL: &str = "mayfly_changes";

/// After a failure to notify.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Another version serves.
    Deploy,
    /// The function was deleted.
    Delete,
    /// An environment changed: the function's, or without a function the app's.
    Env,
    /// Limits, switches or triggers changed.
    Settings,
    /// The app itself changed: paused, resumed, settings, state.
    App,
    /// The app's database changed: what open connections know of its tables and routines is out of date.
    Database,
}

/// One notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This is out of date.
    Changed {
        /// The app.
        app_id: String,
        /// The function's name; `None`: all of them.
        function: Option<String>,
        /// What happened.
        kind: ChangeKind,
    },
    /// Notifications may have been missed: everything may be out of date. Also the first one of a subscription.
    Resync,
}

#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    app: &'a str,
    function: Option<&'a str>,
    kind: ChangeKind,
}

/// Tell every node, once the transaction is committed, by [`Store::commit`].
pub(super) async fn record(
    transaction: &Transaction<'_>,
    app_id: &str,
    function: Option<&str>,
    kind: ChangeKind,
) -> Result<(), StoreError> {
    let payload = serde_json::to_string(&Payload { app: app_id, function, kind })
        .map_err(|error| StoreError::Internal(error.to_string()))?;
    transaction.execute("INSERT INTO pending_changes (payload) VALUES ($1)", &[&payload]).await?;
    Ok(())
}

/// A subscription to [`Change`]s. It reconnects by itself; dropping it ends it.
#[derive(Debug)]
pub struct Changes(Listener);

impl Changes {
    /// The next notification. `None` comes only once the store is closed.
    pub async fn next(&mut self) -> Option<Change> {
        Some(match self.0.next().await? {
            Heard::Listening => Change::Resync,
            // A payload that cannot be read says at least that something changed.
            Heard::Payload(payload) => parse(&payload).unwrap_or(Change::Resync),
        })
    }
}

/// Changes that are notified of at once.
const NOTIFY: &str = "WITH gone AS (
        DELETE FROM pending_changes WHERE number IN (
            SELECT number FROM pending_changes ORDER BY number LIMIT 1000 FOR UPDATE SKIP LOCKED)
        RETURNING number, payload)
    SELECT count(pg_notify($1, payload)) FROM (SELECT payload FROM gone ORDER BY number) AS gone";

/// Changes of a node that died are notified of by another one, at latest after this.
const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Store {
    /// Commit a transaction with a change in it, and notify every node of that.
    pub(super) async fn commit(
        &self,
        transaction: deadpool_postgres::Transaction<'_>,
    ) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.committed.notify_one();
        Ok(())
    }

    /// Notify every node of changes that are committed, for as long as the server runs.
    pub async fn notify_of_changes(self) {
        while !self.is_closed() {
            match self.notify_once().await {
                Ok(0) => {
                    // The time limit is for those of others.
                    let _ = tokio::time::timeout(LOOK_EVERY, self.committed.notified()).await;
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "nodes could not be notified of changes; will retry");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    async fn notify_once(&self) -> Result<i64, StoreError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(NOTIFY).await?;
        Ok(client.query_one(&statement, &[&CHANNEL]).await?.get(0))
    }

    /// Listen for changes, those of this node included. The first notification is [`Change::Resync`], once listening.
    pub fn subscribe(&self) -> Changes {
        Changes(Listener::start(self, CHANNEL))
    }
}

fn parse(payload: &str) -> Option<Change> {
    let payload: Payload<'_> = serde_json::from_str(payload).ok()?;
    Some(Change::Changed {
        app_id: payload.app.to_owned(),
        function: payload.function.map(str::to_owned),
        kind: payload.kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_reads_back() {
        let text = serde_json::to_string(&Payload {
            app: "app_0123456789ab",
            function: Some("hello"),
            kind: ChangeKind::Deploy,
        })
        .unwrap();
        assert_eq!(
            parse(&text),
            Some(Change::Changed {
                app_id: "app_0123456789ab".to_owned(),
                function: Some("hello".to_owned()),
                kind: ChangeKind::Deploy,
            })
        );
        assert_eq!(parse("{"), None);
    }
}
