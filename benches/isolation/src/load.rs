//! Load: what is sent, and the two ways to send it.

mod closed;
mod open;
mod tally;

use std::net::SocketAddr;

use bytes::Bytes;

pub use closed::closed;
pub use open::open;
pub use tally::{Latency, Tally};

/// One request of a load, and the answer that is right.
#[derive(Debug, Clone)]
pub struct Shot {
    /// The request's bytes.
    pub request: Bytes,
    /// The answer's body; `None`: any body with a status of success.
    pub answer: Option<Bytes>,
}

/// What is sent where.
#[derive(Debug, Clone)]
pub struct Target {
    /// The server.
    pub address: SocketAddr,
    /// The requests, in the order in which they are repeated.
    pub shots: Vec<Shot>,
}

impl Target {
    /// The same request again and again.
    pub fn new(address: SocketAddr, request: Vec<u8>, answer: &[u8]) -> Self {
        let shot = Shot { request: request.into(), answer: Some(Bytes::copy_from_slice(answer)) };
        Self { address, shots: vec![shot] }
    }

    /// The request of this number.
    fn shot(&self, number: u64) -> Option<&Shot> {
        let count = u64::try_from(self.shots.len()).unwrap_or(1).max(1);
        self.shots.get(usize::try_from(number % count).unwrap_or_default())
    }
}
