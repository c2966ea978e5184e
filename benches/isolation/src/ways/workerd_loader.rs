//! A worker that is loaded for each request, in an isolate of its own, by workerd's worker loader.
use serde_json::json;

use super::{Absent, Peer, Place, Shares, Start, Way, workerd};
use crate::failure::Tried;
use crate::work::{Needs, Work};

pub(super) const WAY: Way = Way {
    name: "workerd-loader",
    about: "a worker loaded for each request (workerd's worker loader)",
    shares: Shares::Nothing,
    has: &[Needs::Timers],
    start: Start::Peer(find),
};

fn find(place: &Place) -> Result<Peer, Absent> {
    workerd::program(place, prepare)
}

fn prepare(place: &Place, works: &[Work], port: u16) -> Tried<Vec<String>> {
    let modules: serde_json::Map<_, _> = works
        .iter()
        .map(|work| (work.name.to_owned(), json!(workerd::module(std::slice::from_ref(work)))))
        .collect();
    let loader = format!(
        "const modules = {};
export default {{
  async fetch(request, env) {{
    const name = new URL(request.url).pathname.slice(1);
    const code = (name) => ({{
      compatibilityDate: '2026-11-01', mainModule: 'main.js', modules: {{ 'main.js': modules[name] }}, globalOutbound: null,
    }});
    // A path /tenant-N keeps a worker for that tenant.
    const worker = name.startsWith('tenant-') ? env.LOADER.get(name, () => code('hello')) : env.LOADER.load(code(name));
    if (name.startsWith('tenant-')) request = new Request('http://bench/hello');
    return worker.getEntrypoint().fetch(request);
  }},
}};
",
        json!(modules)
    );
    workerd::configuration(
        place,
        "loader",
        port,
        &loader,
        "bindings = [(name = \"LOADER\", workerLoader = (id = \"one\"))],",
    )
}
