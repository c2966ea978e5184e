//! `ctx.broadcast` and `ctx.socket`: channels, and the socket whose frame an invocation handles.

use std::sync::Arc;

use bytes::Bytes;

use super::{BoxFuture, GuestError};

/// What a function wants of channels, or of its socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealtimeAction {
    /// Give JSON to all who are subscribed to a channel.
    Broadcast {
        /// The channel, unchecked.
        channel: String,
        /// JSON, as the guest wrote it: unchecked.
        data: String,
    },
    /// Send JSON to the client; unchecked.
    Send(String),
    /// Send bytes to the client.
    SendBytes(Bytes),
    /// Close the socket.
    Close {
        /// Unchecked.
        code: u16,
        /// For the client.
        reason: String,
    },
    /// Subscribe the client to a channel.
    Subscribe(String),
    /// End a subscription of the client.
    Unsubscribe(String),
}

/// `ctx.broadcast` and `ctx.socket`.
pub trait Realtime: Send + Sync {
    /// Do it. What concerns the socket fails where the invocation handles no frame.
    fn act(self: Arc<Self>, action: RealtimeAction) -> BoxFuture<'static, Result<(), GuestError>>;
}
