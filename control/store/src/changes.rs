//! Change notifications for every node, by `LISTEN`/`NOTIFY`: what was deployed, changed or deleted.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Transaction};
use tokio_util::task::AbortOnDropHandle;

use crate::{Store, StoreError};

const CHANNEL: &str = "mayfly_changes";

/// Notifications that wait to be read. A reader that falls this far behind is told to invalidate everything.
const BACKLOG_MAX: usize = 1024;

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

/// Tell every node, once the transaction commits.
pub(super) async fn notify(
    transaction: &Transaction<'_>,
    app_id: &str,
    function: Option<&str>,
    kind: ChangeKind,
) -> Result<(), StoreError> {
    let payload = serde_json::to_string(&Payload { app: app_id, function, kind })
        .map_err(|error| StoreError::Internal(error.to_string()))?;
    transaction.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &payload]).await?;
    Ok(())
}

/// A subscription to [`Change`]s. It reconnects by itself; dropping it ends it.
pub struct Changes {
    received: mpsc::Receiver<Change>,
    _listener: AbortOnDropHandle<()>,
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}

impl Changes {
    /// The next notification. `None` never comes while the runtime lives.
    pub async fn next(&mut self) -> Option<Change> {
        self.received.recv().await
    }
}

impl Store {
    /// Listen for changes, those of this node included. The first notification is [`Change::Resync`], once listening.
    pub fn subscribe(&self) -> Changes {
        let (sender, received) = mpsc::channel(BACKLOG_MAX);
        Changes { received, _listener: run_alongside(listen_forever(self.clone(), sender)) }
    }
}

/// Starts work that is stopped when its handle is dropped.
#[allow(clippy::disallowed_methods, reason = "it ends with the subscription: the handle aborts it")]
fn run_alongside(work: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(work))
}

async fn listen_forever(store: Store, sender: mpsc::Sender<Change>) {
    let mut pause = Duration::from_millis(50);
    // A store that was closed has no more notifications, and its server may be gone.
    while !sender.is_closed() && !store.is_closed() {
        match listen(&store, &sender).await {
            Ok(()) => pause = Duration::from_millis(50),
            Err(_) if store.is_closed() => {}
            Err(error) => {
                tracing::warn!(%error, "cannot listen for changes; will retry");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}

/// Ends with `Ok` when a connection that did listen was lost.
async fn listen(store: &Store, sender: &mpsc::Sender<Change>) -> Result<(), StoreError> {
    let (client, connection) =
        store.endpoint.client_config(&store.database).connect(store.endpoint.tls()).await?;
    let (relay, mut messages) = mpsc::channel(BACKLOG_MAX);
    let _driver = run_alongside(drive(connection, relay));
    client.batch_execute(&format!("LISTEN {CHANNEL}")).await?;
    // Whatever happened before the LISTEN was missed.
    if sender.send(Change::Resync).await.is_err() {
        return Ok(());
    }
    while let Some(change) = messages.recv().await {
        if sender.send(change).await.is_err() {
            break;
        }
    }
    drop(client);
    Ok(())
}

async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, relay: mpsc::Sender<Change>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message {
            // A payload that cannot be read says at least that something changed.
            let change = parse(notification.payload()).unwrap_or(Change::Resync);
            if relay.send(change).await.is_err() {
                return;
            }
        }
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
