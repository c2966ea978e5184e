//! `FakeSocket`: a client's socket that does what its frames say.

use std::sync::Arc;

use mayfly_api::realtime::{SocketClose, SocketFrame, SocketMessage};
use mayfly_edge::SocketSession;
use tokio::sync::{Mutex, Notify, mpsc};

use crate::fake::Fake;

/// A socket. A text comes back, `held` after a release; `close` ends it by 4000, `flood` makes it overflow.
#[derive(Clone)]
pub(crate) struct FakeSocket {
    fake: Fake,
    sender: mpsc::UnboundedSender<SocketMessage>,
    waiting: Arc<Mutex<mpsc::UnboundedReceiver<SocketMessage>>>,
    overflow: Arc<Notify>,
}

impl FakeSocket {
    pub(crate) fn new(fake: Fake) -> Self {
        let (sender, waiting) = mpsc::unbounded_channel();
        let socket = Self { fake, sender, waiting: Arc::new(Mutex::new(waiting)), overflow: Arc::default() };
        socket.say(SocketMessage::Text("hello".into()));
        socket
    }

    fn say(&self, message: SocketMessage) {
        self.sender.send(message).unwrap();
    }
}

impl SocketSession for FakeSocket {
    async fn receive(self, frame: SocketFrame) {
        let bytes = match frame {
            SocketFrame::Binary(bytes) => return self.say(SocketMessage::Binary(bytes)),
            SocketFrame::Text(bytes) => bytes,
        };
        match &*bytes {
            b"close" => self.say(SocketMessage::Close(SocketClose::new(4000, "as asked"))),
            b"held" => {
                let _ = self.fake.asked("held");
                self.fake.held().await;
            }
            b"flood" => {
                for _ in 0..1_000 {
                    self.say(SocketMessage::Text(vec![b'x'; 100_000].into()));
                }
                self.fake.held().await;
                while self.waiting.lock().await.try_recv().is_ok() {}
                self.say(SocketMessage::Close(SocketClose::new(4002, "too slow")));
                return self.overflow.notify_one();
            }
            _ => {}
        }
        self.say(SocketMessage::Text(bytes));
    }

    async fn next(&self) -> SocketMessage {
        self.waiting.lock().await.recv().await.unwrap()
    }

    async fn overflowed(&self) {
        self.overflow.notified().await;
    }

    fn heartbeat(&self) {
        self.say(SocketMessage::Text("heartbeat".into()));
    }

    async fn watch(self) {
        std::future::pending().await
    }

    async fn end(&self) {
        let _ = self.fake.asked("end");
    }
}
