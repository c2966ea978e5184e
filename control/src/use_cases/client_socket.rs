//! `ClientSocket`: a client's websocket, as the edge sees it.

use std::sync::Arc;

use mayfly_api::realtime::{SocketFrame, SocketMessage};
use mayfly_core::triggers::websocket::WebsocketSession;
use mayfly_edge::SocketSession;

/// A client's socket, as the edge sees it.
#[derive(Debug, Clone)]
pub struct ClientSocket(pub(super) Arc<WebsocketSession>);

impl SocketSession for ClientSocket {
    async fn receive(self, frame: SocketFrame) {
        self.0.receive(frame).await;
    }

    async fn next(&self) -> SocketMessage {
        self.0.outbox().next().await
    }

    async fn overflowed(&self) {
        self.0.outbox().overflowed().await;
    }

    fn heartbeat(&self) {
        self.0.heartbeat();
    }

    async fn watch(self) {
        self.0.watch().await;
    }

    async fn end(&self) {
        self.0.end().await;
    }
}
