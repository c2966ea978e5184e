//! How a guest learns that whoever called it has gone away.

use tokio::sync::oneshot;

/// Held by whoever waits for the answer; dropping it is going away.
#[derive(Debug)]
pub struct OnTheLine {
    sender: oneshot::Sender<()>,
}

impl OnTheLine {
    /// They got all they waited for: they do not go away any more.
    pub fn served(self) {
        // A guest that is over does not listen.
        let _ = self.sender.send(());
    }
}

/// Ends when the caller has gone away.
#[derive(Debug, Default)]
pub struct Hangup {
    receiver: Option<oneshot::Receiver<()>>,
}

impl Hangup {
    /// Both ends.
    pub fn pair() -> (OnTheLine, Self) {
        let (sender, receiver) = oneshot::channel();
        (OnTheLine { sender }, Self { receiver: Some(receiver) })
    }

    /// Wait for it. Where nobody said how to know, that is for ever.
    pub(crate) async fn happened(self) {
        if let Some(receiver) = self.receiver
            && receiver.await.is_err()
        {
            return;
        }
        std::future::pending().await
    }
}
