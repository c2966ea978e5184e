//! What do 500 apps with two functions each cost a node, each called once: in memory, and in connections to PostgreSQL?

use mayfly_benches::figures;
use mayfly_benches::memory::Resident;
use mayfly_benches::server::Server;

const APPS: usize = 500;
const QUERY: &str = "export default async (req, ctx) => {
    const { rows } = await ctx.db.query('SELECT 1 AS one');
    return Response.json(rows[0]);
}";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("an executor starts");
    runtime.block_on(measure());
}

async fn measure() {
    let server = Server::start().await;
    let mut client = server.client().await;
    // The first app's memory is the server's own.
    let first = server.neighbour().await;
    deploy_and_call(&first, 0, &mut client).await;
    let before = Resident::now();
    for number in 1..=APPS {
        let app = server.neighbour().await;
        deploy_and_call(&app, number, &mut client).await;
    }
    let after = Resident::now();
    let each = |before: u64, after: u64| after.saturating_sub(before) as f64 / APPS as f64;
    figures::note("many_apps/KiB private per app", each(before.anonymous, after.anonymous));
    figures::note("many_apps/KiB resident per app", each(before.all(), after.all()));
    let (open, bound) = server.connections().await;
    figures::note("many_apps/connections to apps' databases", open as f64);
    figures::note("many_apps/connection limit", bound as f64);
    println!("{:.0} KiB resident per app, {open} of {bound} connections", each(before.all(), after.all()));
    server.stop().await;
}

/// Each function of each app is different.
async fn deploy_and_call(
    app: &mayfly_benches::server::Neighbour,
    number: usize,
    client: &mut mayfly_benches::server::Client,
) {
    let hello = format!("export default () => Response.json({{ number: {number} }});");
    for (name, code) in [("hello", hello), ("query", format!("const number = {number}; {QUERY}"))] {
        app.deploy(name, &code).await;
        client.get(&app.path(name)).await;
    }
}
