//! One warm isolate of workerd for all requests.
use super::{Absent, Peer, Place, Prepare, Shares, Start, Way, peer};
use crate::failure::Tried;
use crate::work::{Needs, Work};

pub(super) const WAY: Way = Way {
    name: "workerd",
    about: "workerd, one warm isolate for all requests",
    shares: Shares::Heap,
    has: &[Needs::Timers],
    start: Start::Peer(find),
};

const DATE: &str = "2026-11-01";

fn find(place: &Place) -> Result<Peer, Absent> {
    program(place, prepare)
}

/// workerd, with a configuration that `prepare` writes.
pub(super) fn program(place: &Place, prepare: Prepare) -> Result<Peer, Absent> {
    let paths = [
        "@cloudflare/workerd-linux-64/bin/workerd",
        "@cloudflare/workerd-linux-arm64/bin/workerd",
        "@cloudflare/workerd-darwin-arm64/bin/workerd",
        "workerd/bin/workerd",
    ];
    let program = peer::installed(place, "workerd", &paths)?;
    let version = format!("workerd {}", peer::version_of(place, "workerd"));
    let arguments = ["serve", "--experimental"].map(str::to_owned).to_vec();
    Ok(Peer { program, arguments, version, prepare: Some(prepare) })
}

/// A worker's module: one work is all there is at its path.
pub(super) fn module(works: &[Work]) -> String {
    let handlers: Vec<String> = works
        .iter()
        .map(|work| format!("{:?}: (() => {{ {}\nreturn handler; }})()", work.name, work.source))
        .collect();
    format!(
        "const handlers = {{ {} }};
export default {{
  async fetch(request) {{
    const handler = handlers[new URL(request.url).pathname.slice(1)];
    const text = request.method === 'GET' ? '' : await request.text();
    return new Response(await handler(text, {{}}), {{ headers: {{ 'content-type': 'application/json' }} }});
  }},
}};
",
        handlers.join(",\n")
    )
}

/// Writes a configuration of one worker; its path.
pub(super) fn configuration(
    place: &Place,
    name: &str,
    port: u16,
    module: &str,
    bindings: &str,
) -> Tried<Vec<String>> {
    let script = format!("{name}-{port}.js");
    peer::write(&place.scratch.join(&script), module.to_owned())?;
    let path = place.scratch.join(format!("{name}-{port}.capnp"));
    let text = format!(
        "using Workerd = import \"/workerd/workerd.capnp\";
const config :Workerd.Config = (
  services = [(name = \"main\", worker = .main)],
  sockets = [(name = \"http\", address = \"127.0.0.1:{port}\", http = (), service = \"main\")],
);
const main :Workerd.Worker = (
  modules = [(name = \"main.js\", esModule = embed \"{script}\")],
  compatibilityDate = \"{DATE}\",
  {bindings}
);
"
    );
    peer::write(&path, text)?;
    Ok(vec![path.display().to_string()])
}

fn prepare(place: &Place, works: &[Work], port: u16) -> Tried<Vec<String>> {
    configuration(place, "workerd", port, &module(works), "")
}
