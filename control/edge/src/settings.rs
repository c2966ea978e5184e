//! Settings of the edge.

use std::time::Duration;

use mayfly_api::realtime::HEARTBEAT_SECONDS;

/// Bounds of the HTTP edge.
#[derive(Debug, Clone, Copy)]
pub struct EdgeLimits {
    /// Largest request body that is read as a whole, in bytes.
    pub body_bytes_max: usize,
    /// Largest request body that a function gets, while it arrives, in bytes.
    pub upload_bytes_max: u64,
    /// Open connections.
    pub connections_max: u32,
    /// Requests in flight.
    pub requests_max: u32,
    /// From the connection's first byte to the end of a request's head.
    pub header_timeout: Duration,
    /// The longest pause within a request's body.
    pub body_idle_timeout: Duration,
    /// Within this time, a client takes 64 KiB of an answer that waits for it.
    pub write_timeout: Duration,
    /// The longest that any request may take: longer than the longest function.
    pub deadline: Duration,
    /// The pause between two heartbeats of a socket, and its pings.
    pub socket_heartbeat: Duration,
    /// For how long a message to a socket's client may be on its way, and the end of a socket may take.
    pub socket_write_timeout: Duration,
}

impl Default for EdgeLimits {
    fn default() -> Self {
        Self {
            body_bytes_max: 24 << 20,
            upload_bytes_max: 5 << 30,
            connections_max: 10_000,
            requests_max: 1_024,
            header_timeout: Duration::from_secs(30),
            body_idle_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(30),
            deadline: Duration::from_secs(360),
            socket_heartbeat: Duration::from_secs(HEARTBEAT_SECONDS),
            socket_write_timeout: Duration::from_secs(10),
        }
    }
}

/// Which requests the access log shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// Every request.
    All,
    /// Those answered with 500 or more.
    Errors,
    /// None.
    Off,
}
