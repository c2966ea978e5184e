//! A fresh QuickJS context in one WebAssembly module for each request, by quickjs-emscripten.
use super::{Absent, Peer, Place, Shares, Start, Way, peer};

pub(super) const WAY: Way = Way {
    name: "quickjs-emscripten",
    about: "a fresh QuickJS context for each request (quickjs-emscripten on Node)",
    shares: Shares::Nothing,
    has: &[],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    peer::installed(place, "quickjs-emscripten", &["quickjs-emscripten/package.json"])?;
    let mut found = peer::node(place, "quickjs.mjs", &[])?;
    found.version =
        format!("quickjs-emscripten {}, {}", peer::version_of(place, "quickjs-emscripten"), found.version);
    Ok(found)
}
