//! A transport to an upstream, watched: what it says beside answers goes on in order, and a flood ends the connection.

use rmcp::RoleClient;
use rmcp::model::{JsonRpcMessage, ServerNotification};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::fault::UpstreamFault;

/// Messages beside answers that may come at once, and in each second.
const BURST_MAX: f64 = 10_000.0;
const A_SECOND_MAX: f64 = 1_000.0;

/// What goes on to the client, in order.
#[derive(Debug)]
pub(crate) enum Passed {
    /// What the upstream said.
    Said(Box<ServerNotification>),
    /// Tell when everything before this has gone on.
    Flush(oneshot::Sender<()>),
}

/// See the file's head.
#[derive(Debug)]
pub(crate) struct Guarded<T> {
    inner: T,
    passed: mpsc::Sender<Passed>,
    fault: UpstreamFault,
    left: f64,
    counted_at: Instant,
}

impl<T> Guarded<T> {
    pub(crate) fn new(inner: T, passed: mpsc::Sender<Passed>, fault: UpstreamFault) -> Self {
        Self { inner, passed, fault, left: BURST_MAX, counted_at: Instant::now() }
    }

    /// Whether there is still room for one more.
    fn count(&mut self) -> bool {
        let now = Instant::now();
        let since = now.duration_since(self.counted_at).as_secs_f64();
        self.counted_at = now;
        self.left = (self.left + since * A_SECOND_MAX).min(BURST_MAX) - 1.0;
        self.left >= 0.0
    }
}

impl<T: Transport<RoleClient> + 'static> Transport<RoleClient> for Guarded<T> {
    type Error = T::Error;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.inner.send(message)
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            // Room comes first: a client that does not read stops the upstream, and nothing that was read is lost.
            let room = self.passed.clone().reserve_owned().await.ok()?;
            let Some(message) = self.inner.receive().await else {
                self.fault.set("the upstream closed the connection");
                return None;
            };
            let counts = !matches!(message, JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_));
            if counts && !self.count() {
                self.fault.set("the upstream sent more messages than a client can want");
                return None;
            }
            let JsonRpcMessage::Notification(said) = &message else { return Some(message) };
            room.send(Passed::Said(Box::new(said.notification.clone())));
            // These are heard here, too: they end a request, or give it more time.
            let heard = matches!(
                said.notification,
                ServerNotification::ProgressNotification(_) | ServerNotification::CancelledNotification(_)
            );
            if heard {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.inner.close().await
    }
}
