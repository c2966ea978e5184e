//! Node, one warm isolate for all requests.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};
use crate::work::Needs;

pub(super) const WAY: Way = Way {
    name: "node",
    about: "Node, one warm isolate for all requests",
    shares: Shares::Heap,
    has: &[Needs::Timers, Needs::Database],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    peer::node(place, "node.mjs", &[])
}
