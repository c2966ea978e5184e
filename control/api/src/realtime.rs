//! `/v1/{app}/realtime`: what clients and server agree on beside the frames themselves.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Text, Timestamp};

/// How a socket is opened.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRealtime {
    /// An end user's token or a key of the app, where neither a header nor a subprotocol can carry it.
    #[serde(default)]
    pub token: Option<Text<1, 8192>>,
}

/// Tables whose changes sockets can follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RealtimeTableList {
    /// By name.
    pub tables: Vec<RealtimeTableInfo>,
}

/// A table whose changes sockets can follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RealtimeTableInfo {
    /// Its name, in the schema `public`.
    pub name: String,
    /// Since when it is switched on.
    pub enabled_at: Timestamp,
    /// Whether there is such a table now: one that was dropped and made again is switched on as it was.
    pub exists: bool,
}

/// The largest message of a client, in bytes.
pub const FRAME_BYTES_MAX: usize = 64 << 10;
/// The pause between two heartbeats.
pub const HEARTBEAT_SECONDS: u64 = 30;

/// The subprotocol that the server speaks, for clients that offer one.
pub const SUBPROTOCOL: &str = "mayfly";
/// A subprotocol that begins so is a credential.
pub const SUBPROTOCOL_BEARER: &str = "bearer.";

/// Why a socket is closed, as its code says it.
pub mod close_code {
    /// The peer answers no pings.
    pub const GOING_AWAY: u16 = 1001;
    /// The frames break the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// A text that is no UTF-8.
    pub const INVALID_TEXT: u16 = 1007;
    /// Credentials are missing or bad.
    pub const POLICY: u16 = 1008;
    /// A message is too large.
    pub const TOO_LARGE: u16 = 1009;
    /// The platform failed.
    pub const INTERNAL: u16 = 1011;
    /// The server stops or restarts: connect again.
    pub const RESTART: u16 = 1012;
    /// Not now: the app is paused, or there are too many sockets.
    pub const TRY_LATER: u16 = 1013;
    /// The credential expired or was revoked.
    pub const CREDENTIAL_ENDED: u16 = 4001;
    /// The client reads too slowly.
    pub const SLOW_READER: u16 = 4002;
}

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketFrame {
    /// A text.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
}

/// What a client gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// A text; it is UTF-8.
    Text(Bytes),
    /// Bytes.
    Binary(Bytes),
    /// The end.
    Close(SocketClose),
}

/// The end of a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketClose {
    /// See [`close_code`]; a function may give its own.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: String,
}

impl SocketClose {
    /// The longest reason: a control frame has no room for more.
    pub const REASON_BYTES_MAX: usize = 123;

    /// An end with this code; a reason that is too long is cut.
    pub fn new(code: u16, reason: &str) -> Self {
        let end = reason.floor_char_boundary(Self::REASON_BYTES_MAX);
        Self { code, reason: reason[..end].to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_a_control_frame() {
        assert_eq!(SocketClose::new(1008, &"x".repeat(200)).reason.len(), 123);
        assert_eq!(SocketClose::new(1008, &"\u{e9}".repeat(62)).reason.len(), 122);
    }
}
