//! `LISTEN`: notifications of one channel of the platform's database, by a connection that is opened again when it is lost.

use std::fmt;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_postgres::AsyncMessage;
use tokio_util::task::AbortOnDropHandle;

use crate::{Store, StoreError};

/// Notifications that wait to be read.
const BACKLOG_MAX: usize = 1024;

/// What a connection delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// It listens from now on: whatever was notified before may have been missed.
    Listening,
    /// The payload of a notification.
    Payload(String),
}

/// A subscription to one channel. It reconnects by itself; dropping it ends it.
pub(super) struct Listener {
    received: mpsc::Receiver<Heard>,
    _task: AbortOnDropHandle<()>,
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Listener {
    /// Listen to a channel. The first thing heard is [`Heard::Listening`].
    pub(super) fn start(store: &Store, channel: &'static str) -> Self {
        let (sender, received) = mpsc::channel(BACKLOG_MAX);
        Self { received, _task: run_alongside(listen_forever(store.clone(), channel, sender)) }
    }

    /// The next one. `None` comes only once the store is closed.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        self.received.recv().await
    }
}

/// Starts work that is stopped when its handle is dropped.
#[allow(clippy::disallowed_methods, reason = "it ends with the subscription: the handle aborts it")]
fn run_alongside(work: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(work))
}

async fn listen_forever(store: Store, channel: &'static str, sender: mpsc::Sender<Heard>) {
    let mut pause = Duration::from_millis(50);
    // A store that was closed has no more notifications, and its server may be gone.
    while !sender.is_closed() && !store.is_closed() {
        match listen(&store, channel, &sender).await {
            Ok(()) => pause = Duration::from_millis(50),
            Err(_) if store.is_closed() => {}
            Err(error) => {
                tracing::warn!(%error, channel, "cannot listen for notifications; will retry");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
        }
    }
}

/// Ends with `Ok` when a connection that did listen was lost.
async fn listen(
    store: &Store,
    channel: &'static str,
    sender: &mpsc::Sender<Heard>,
) -> Result<(), StoreError> {
    let (client, connection) =
        store.endpoint.client_config(&store.database).connect(store.endpoint.tls()).await?;
    let (relay, mut messages) = mpsc::channel(BACKLOG_MAX);
    let _driver = run_alongside(drive(connection, relay));
    client.batch_execute(&format!("LISTEN {channel}")).await?;
    // Whatever happened before the LISTEN was missed.
    if sender.send(Heard::Listening).await.is_err() {
        return Ok(());
    }
    while let Some(payload) = messages.recv().await {
        if sender.send(Heard::Payload(payload)).await.is_err() {
            break;
        }
    }
    drop(client);
    Ok(())
}

async fn drive<S, T>(mut connection: tokio_postgres::Connection<S, T>, relay: mpsc::Sender<String>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(Ok(message)) = std::future::poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message
            && relay.send(notification.payload().to_owned()).await.is_err()
        {
            return;
        }
    }
}
