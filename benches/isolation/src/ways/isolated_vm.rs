//! A fresh V8 isolate for each request, by the package isolated-vm.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};

pub(super) const WAY: Way = Way {
    name: "isolated-vm",
    about: "a fresh V8 isolate for each request (isolated-vm on Node)",
    shares: Shares::Nothing,
    has: &[],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    peer::installed(place, "isolated-vm", &["isolated-vm/out/isolated_vm.node"])?;
    let mut found = peer::node(place, "isolated.mjs", &["--no-node-snapshot"])?;
    found.version = format!("isolated-vm {}, {}", peer::version_of(place, "isolated-vm"), found.version);
    Ok(found)
}
