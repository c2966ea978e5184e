//! `RequestContext`: what is known of a request from its head on, and goes unchanged into its record.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::trace::Trace;

/// The identity of one request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Accepted from the client or made.
    pub id: Arc<str>,
    /// The address that the connection comes from.
    pub peer: IpAddr,
    /// When its head had arrived.
    pub received_at: Instant,
    /// The trace that the client put it in.
    pub trace: Option<Trace>,
}
