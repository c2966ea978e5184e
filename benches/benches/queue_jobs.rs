//! How many jobs a second does a queue run, each with a statement of `ctx.db`; and graphile-worker and pg-boss beside it?
#![allow(clippy::disallowed_methods, reason = "a bench runs peers and waits by itself")]

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mayfly_benches::figures;
use mayfly_benches::server::Server;
use serde_json::Value;

const JOBS: u32 = 20_000;
const ROUNDS: usize = 3;
const WORK: &str = "export default async (req, ctx) => {
    await ctx.db.query('INSERT INTO written (n) VALUES ($1)', [await req.json()]);
    return new Response(null, { status: 204 }) }";
const STORE: &str = "export default async (req, ctx) => {
    const from = await req.json();
    await ctx.db.tx(async (tx) => { for (let n = 0; n < 250; n++) await tx.enqueue('work', from + n) });
    return new Response(null, { status: 204 }) }";

fn main() {
    mayfly_benches::run(measure());
}

async fn measure() {
    let server = Server::start().await;
    server.sql("CREATE TABLE written (n integer NOT NULL)").await;
    server.deploy("work", WORK).await;
    server.deploy("store", STORE).await;
    let mut client = server.client().await;
    let database = server.tenant_database().await;
    let mut seconds = Vec::new();
    let mut stored = Vec::new();
    for _ in 0..ROUNDS {
        server.patch("/queues/work", serde_json::json!({ "paused": true })).await;
        let begun = Instant::now();
        for from in (0..JOBS).step_by(250) {
            let status = client.post(&server.path("store"), from.to_string()).await;
            assert_eq!(status, 204, "250 jobs are stored");
        }
        stored.push(begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        server.patch("/queues/work", serde_json::json!({ "paused": false })).await;
        // Cheap to answer, as the peers' is: what asks must not be what is measured.
        let open = "SELECT EXISTS (SELECT FROM mayfly.jobs WHERE state = 'waiting')
            OR EXISTS (SELECT FROM mayfly.jobs WHERE state = 'running')";
        while database.query_one(open, &[]).await.expect("PostgreSQL answers").get(0) {
            assert!(begun.elapsed() < Duration::from_secs(120), "the jobs end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let dead = "SELECT count(*) FROM mayfly.jobs WHERE state <> 'done'";
    assert_eq!(database.query_one(dead, &[]).await.expect("PostgreSQL counts").get::<_, i64>(0), 0);
    let ours = f64::from(JOBS) / median(&mut seconds);
    figures::note("queue_jobs/jobs a second that run", ours);
    figures::note(
        "queue_jobs/jobs a second that are stored in transactions of 250",
        f64::from(JOBS) / median(&mut stored),
    );
    println!("{ours:.0} jobs a second");
    database.batch_execute("CREATE DATABASE peers").await.expect("a database is made");
    match peers(&server.database_url("peers")) {
        Some(peers) => {
            for name in ["graphile-worker", "pg-boss"] {
                let theirs = peers[name].as_f64().expect("a figure");
                figures::note(&format!("queue_jobs/jobs a second of {name}"), theirs);
                println!("{theirs:.0} jobs a second of {name}: {:.2} of ours", theirs / ours);
            }
        }
        None => println!("the peers were not measured: there is no npm on this machine"),
    }
    server.stop().await;
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The peers' figures, over the same PostgreSQL.
fn peers(url: &str) -> Option<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let installed =
        Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).output().ok()?;
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let script = folder.join("queue.mjs");
    let output = Command::new("node").arg(script).args([url, &JOBS.to_string()]).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // What the peers log comes before it.
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().unwrap_or_default();
    Some(serde_json::from_str(last).unwrap_or_else(|_| panic!("no figures: {text}")))
}
