//! Client disconnects: how a guest learns that its caller has closed the connection.

use tokio::sync::oneshot;

/// Held while the caller waits for the response. Dropping the guard signals that the client disconnected.
#[derive(Debug)]
pub struct DisconnectGuard {
    sender: oneshot::Sender<()>,
}

impl DisconnectGuard {
    /// The whole response was delivered: the caller cannot disconnect any more.
    pub fn served(self) {
        // The guest that would have been told may have ended already.
        let _ = self.sender.send(());
    }
}

/// The signal of a [`DisconnectGuard`].
#[derive(Debug, Default)]
pub struct Disconnected {
    receiver: Option<oneshot::Receiver<()>>,
}

impl Disconnected {
    /// A guard and its signal.
    pub fn pair() -> (DisconnectGuard, Self) {
        let (sender, receiver) = oneshot::channel();
        (DisconnectGuard { sender }, Self { receiver: Some(receiver) })
    }

    /// Waits until the client disconnects: for ever where it does not, or where there is no guard.
    pub async fn signalled(self) {
        if let Some(receiver) = self.receiver
            && receiver.await.is_err()
        {
            return;
        }
        std::future::pending().await
    }
}
