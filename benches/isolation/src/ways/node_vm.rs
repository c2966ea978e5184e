//! A fresh context of Node's `vm` for each request: no border, as Node's manual says.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};
use crate::work::Needs;

pub(super) const WAY: Way = Way {
    name: "node-vm",
    about: "a fresh context of Node's vm for each request (no border of security)",
    shares: Shares::Nothing,
    has: &[Needs::Timers, Needs::Database],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    peer::node(place, "vm.mjs", &[])
}
