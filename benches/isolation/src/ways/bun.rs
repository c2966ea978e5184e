//! Bun, one warm isolate for all requests.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};
use crate::work::Needs;

pub(super) const WAY: Way = Way {
    name: "bun",
    about: "Bun, one warm isolate for all requests",
    shares: Shares::Heap,
    has: &[Needs::Timers, Needs::Database],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    let paths = [
        "@oven/bun-linux-x64/bin/bun",
        "@oven/bun-linux-aarch64/bin/bun",
        "@oven/bun-darwin-aarch64/bin/bun",
        "bun/bin/bun.exe",
    ];
    let program = peer::installed(place, "bun", &paths)?;
    let script = peer::scripted(place, "bun.mjs")?;
    let version = format!("bun {}", peer::version_of(place, "bun"));
    Ok(Peer { program, arguments: vec!["run".to_owned(), script], version, prepare: Some(peer::files) })
}
