//! A worker thread of Node's for each request.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};
use crate::work::Needs;

pub(super) const WAY: Way = Way {
    name: "node-worker",
    about: "a worker thread of Node's for each request",
    shares: Shares::Nothing,
    has: &[Needs::Timers],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    peer::node(place, "worker.mjs", &[])
}
