//! Sockets to hosts outside: what a [`Fetch`](super::Fetch) opens, and what goes over them.

use std::fmt;

use bytes::Bytes;

use super::{BoxFuture, GuestError};

/// A socket to open, as the guest wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketRequest {
    /// An absolute URL, of the scheme `ws` or `wss`.
    pub url: String,
    /// Names and values in order.
    pub headers: Vec<(String, String)>,
    /// The subprotocols that are offered, with `, ` between them; empty: none.
    pub protocols: String,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutboundMessage {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
    /// The end: a code, 1005 where none is said, and a reason.
    Close(u16, String),
}

/// An open socket. Dropping both halves gives the connection up.
pub struct OutboundSocket {
    /// The subprotocol that the other side has chosen; empty: none.
    pub protocol: String,
    /// What comes.
    pub reader: Box<dyn SocketReader>,
    /// What goes.
    pub writer: Box<dyn SocketWriter>,
}

/// The half that is read.
pub trait SocketReader: Send {
    /// Wait for the next message; an end is the last one. Dropped before that, it has lost nothing.
    fn next(&mut self) -> BoxFuture<'_, Result<OutboundMessage, GuestError>>;
}

/// The half that is written.
pub trait SocketWriter: Send {
    /// Send a message, and wait until the network has it.
    fn send(&mut self, message: OutboundMessage) -> BoxFuture<'_, Result<(), GuestError>>;
}

impl fmt::Debug for OutboundSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSocket").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}
