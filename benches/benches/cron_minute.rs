//! How late do 10,000 cron triggers start that are due in the same minute?

use std::time::{Duration, Instant};

use mayfly_benches::figures;
use mayfly_benches::server::Server;

const TRIGGERS: i64 = 10_000;
const HELLO: &str = "export default async (req) => Response.json(await req.json())";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("an executor starts");
    runtime.block_on(measure());
}

async fn measure() {
    let server = Server::start().await;
    server.deploy("hello", HELLO).await;
    let platform = server.platform().await;
    // One deploy, and its rows copied: what is measured is the slots, not 10,000 builds.
    let copies = format!(
        "INSERT INTO functions SELECT (f).* FROM (SELECT jsonb_populate_record(f, jsonb_build_object(
             'id', 'fn_copy_' || n, 'name', 'copy_' || n, 'active_version_id', 'ver_copy_' || n)) AS f
             FROM functions f, generate_series(1, {TRIGGERS}) n) copies;
         INSERT INTO versions SELECT (v).* FROM (SELECT jsonb_populate_record(v, jsonb_build_object(
             'id', 'ver_copy_' || n, 'function_id', 'fn_copy_' || n)) AS v
             FROM versions v, generate_series(1, {TRIGGERS}) n) copies;
         INSERT INTO version_images SELECT 'ver_copy_' || n, i.engine_digest, i.image_digest, i.init_fuel
             FROM version_images i, generate_series(1, {TRIGGERS}) n;
         INSERT INTO triggers (function_id, kind, config, enabled)
             SELECT 'fn_copy_' || n, 'cron', '{{\"schedule\": \"* * * * *\", \"timezone\": \"UTC\", \"overlap\": \"skip\",
                 \"catchup\": \"last\", \"retries\": 0, \"backoff_seconds\": 10}}', true
             FROM generate_series(1, {TRIGGERS}) n"
    );
    platform.batch_execute(&copies).await.expect("the rows are copied");
    let ended = "SELECT scheduled_at FROM cron_slots WHERE state NOT IN ('waiting', 'running')
        GROUP BY scheduled_at HAVING count(*) >= $1 LIMIT 1";
    // The first minute makes the images' entries in memory; the second one is measured.
    for _ in 0..2 {
        let begun = Instant::now();
        while platform.query(ended, &[&TRIGGERS]).await.expect("PostgreSQL answers").is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(180), "the slots of a minute end within three");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    let late = "SELECT extract(epoch FROM max(started_at - scheduled_at))::float8,
            extract(epoch FROM max(ended_at - scheduled_at))::float8,
            count(*) FILTER (WHERE state <> 'ran'), count(*)
        FROM cron_slots GROUP BY scheduled_at HAVING count(*) >= $1 ORDER BY scheduled_at DESC LIMIT 1";
    let row = platform.query_one(late, &[&TRIGGERS]).await.expect("PostgreSQL counts");
    let (started, ended, other, slots): (f64, f64, i64, i64) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    figures::note("cron_minute/s until the last of 10,000 has started", started);
    figures::note("cron_minute/s until the last of 10,000 is settled", ended);
    println!(
        "{slots} slots: the last started after {started:.2} s and ended after {ended:.2} s; {other} did not run"
    );
    server.stop().await;
}
