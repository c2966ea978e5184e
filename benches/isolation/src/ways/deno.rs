//! Deno, one warm isolate for all requests.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};
use crate::work::Needs;

pub(super) const WAY: Way = Way {
    name: "deno",
    about: "Deno, one warm isolate for all requests",
    shares: Shares::Heap,
    has: &[Needs::Timers, Needs::Database],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    let paths = [
        "@deno/linux-x64-glibc/deno",
        "@deno/linux-arm64-glibc/deno",
        "@deno/darwin-arm64/deno",
        "deno/deno",
    ];
    let program = peer::installed(place, "deno", &paths)?;
    let script = peer::scripted(place, "deno.mjs")?;
    let flags = ["run", "--quiet", "--no-prompt", "--allow-all", "--node-modules-dir=manual"];
    let arguments = flags.iter().map(|flag| (*flag).to_owned()).chain([script]).collect();
    let version = format!("deno {}", peer::version_of(place, "deno"));
    Ok(Peer { program, arguments, version, prepare: Some(peer::files) })
}
