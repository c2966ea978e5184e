//! `kill -9` in the middle of work: after a restart everything that was acknowledged is accounted for.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{Mayfly, directory, request};

/// A server, and how its operator speaks with it.
struct Server {
    process: Mayfly,
    url: String,
    key: String,
}

impl Server {
    fn start(data_dir: &Path) -> Self {
        let mut process = Mayfly::start(&["serve", "--log-format", "json"], data_dir);
        let line: Value = serde_json::from_str(&process.line_with("\"listening\"")).unwrap();
        let key = std::fs::read_to_string(data_dir.join("admin.key")).unwrap().trim().to_owned();
        Self { process, url: line["url"].as_str().unwrap().to_owned(), key }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = request(method, &format!("{}{path}", self.url), &self.key, &body);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap()
    }

    /// End it as a crash does: PostgreSQL is left to itself.
    fn kill(self) {
        self.process.signal("KILL");
        assert!(self.process.end().code().is_none());
    }
}

/// Ask until a job is in one of these states.
fn job_in(server: &Server, path: &str, states: &[&str]) -> Value {
    loop {
        let shown = server.ask("GET", path, &Value::Null);
        let jobs = shown["jobs"].as_array().unwrap();
        if let Some(job) = jobs.iter().find(|job| states.contains(&job["state"].as_str().unwrap())) {
            return job.clone();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ask until a slot is in one of these states.
fn slot_in(server: &Server, path: &str, states: &[&str]) -> Value {
    loop {
        let shown = server.ask("GET", path, &Value::Null);
        let slots = shown["slots"].as_array().unwrap();
        if let Some(slot) = slots.iter().find(|slot| states.contains(&slot["state"].as_str().unwrap())) {
            return slot.clone();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn jobs_of_a_killed_server_run_again_and_none_is_lost() {
    let data = directory();
    let server = Server::start(data.path());
    let app =
        server.ask("POST", "/v1/apps", &json!({ "name": "crash" }))["app_id"].as_str().unwrap().to_owned();
    // Hangs in its first attempt; stores the others just before it is killed.
    let code = "export default async (req, ctx) => {
        const body = await req.json();
        if (body === 'hangs' && ctx.trigger.attempt === 1) await new Promise((done) => setTimeout(done, 250000));
        if (body === 'stores') await ctx.db.tx(async () => { for (let n = 0; n < 20; n++) await ctx.enqueue('work', n, { delay: 0.5 }) });
        return new Response('ok') }";
    let deploy = json!({ "name": "work", "code": code, "timeoutMs": 300_000, "trigger": { "type": "http", "config": { "auth": "none" } } });
    server.ask("POST", &format!("/v1/{app}/functions"), &deploy);
    let jobs = format!("/v1/{app}/queues/work/jobs");
    server.ask("POST", &jobs, &json!({ "payload": "hangs", "backoff": 0 }));
    job_in(&server, &jobs, &["running"]);
    let answer = request("POST", &format!("{}/v1/{app}/fn/work", server.url), "", "\"stores\"");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.kill();

    let server = Server::start(data.path());
    let all = format!("{jobs}?limit=100&state=done");
    while server.ask("GET", &all, &Value::Null)["jobs"].as_array().unwrap().len() < 21 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let done = server.ask("GET", &all, &Value::Null);
    let attempts: Vec<u64> =
        done["jobs"].as_array().unwrap().iter().map(|job| job["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [vec![1; 20], vec![2]].concat(), "newest first: {done}");
    server.process.signal("TERM");
    assert_eq!(server.process.end().code(), Some(0));
}

#[test]
fn jobs_and_slots_outlive_a_database_that_is_killed_under_load() {
    let data = directory();
    let server = Server::start(data.path());
    let app =
        server.ask("POST", "/v1/apps", &json!({ "name": "outage" }))["app_id"].as_str().unwrap().to_owned();
    let sql = "CREATE TABLE seen (n integer, fence integer)";
    server.ask("POST", &format!("/v1/{app}/sql"), &json!({ "sql": sql }));
    let code = "export default async (req, ctx) => {
        if (ctx.trigger.type !== 'queue') return Response.json((await ctx.db.query('SELECT DISTINCT n FROM seen')).rows.map((row) => row.n));
        const n = await req.json();
        await new Promise((done) => setTimeout(done, 20));
        await ctx.db.query('INSERT INTO seen VALUES ($1, $2)', [n, ctx.trigger.fence]);
        return new Response(null, { status: 204 }) }";
    let triggers = json!([
        { "type": "http", "config": { "auth": "none" } },
        { "type": "cron", "config": { "schedule": "0 0 29 2 *", "retries": 5, "backoff_seconds": 1 } }
    ]);
    server.ask(
        "POST",
        &format!("/v1/{app}/functions"),
        &json!({ "name": "work", "code": code, "triggers": triggers }),
    );
    let jobs = format!("/v1/{app}/queues/work/jobs");
    let postmaster = || {
        let text = std::fs::read_to_string(data.path().join("postgres/data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    let mut acknowledged = Vec::new();
    for n in 0..300 {
        let body = json!({ "payload": n, "attempts": 20, "backoff": 0.2 }).to_string();
        let answer = request("POST", &format!("{}{jobs}", server.url), &server.key, &body);
        if answer.starts_with("HTTP/1.1 202") {
            acknowledged.push(n);
        } else {
            // Without a database a job is refused, never promised.
            assert!(answer.starts_with("HTTP/1.1 50") || answer.starts_with("HTTP/1.1 429"), "{answer}");
        }
        if n == 150 {
            server.ask("POST", &format!("/v1/{app}/functions/work/cron/run"), &Value::Null);
            assert!(
                std::process::Command::new("kill").args(["-KILL", &postmaster()]).status().unwrap().success()
            );
        }
    }
    assert!(acknowledged.len() >= 150, "{acknowledged:?}");
    let seen = || request("GET", &format!("{}/v1/{app}/fn/work", server.url), "", "");
    loop {
        let answer = seen();
        let ran: Vec<u32> =
            serde_json::from_str(answer.rsplit("\r\n\r\n").next().unwrap_or_default()).unwrap_or_default();
        if acknowledged.iter().all(|n| ran.contains(n)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let slot = slot_in(&server, &format!("/v1/{app}/functions/work/cron"), &["ran"]);
    assert_eq!(slot["status"], 200);
    let counts = server.ask("GET", &format!("/v1/{app}/queues"), &Value::Null);
    assert_eq!((&counts["queues"][0]["dead"], &counts["queues"][0]["cancelled"]), (&json!(0), &json!(0)));
    server.process.signal("TERM");
    assert_eq!(server.process.end().code(), Some(0));
}

#[test]
fn a_cron_slot_that_ran_is_told_lost_or_started_again() {
    let data = directory();
    let server = Server::start(data.path());
    let app =
        server.ask("POST", "/v1/apps", &json!({ "name": "crash" }))["app_id"].as_str().unwrap().to_owned();
    let functions = format!("/v1/{app}/functions");
    // Hangs in its first attempt, and would for the rest of the test.
    let code = "export default async (req, ctx) => {
        if (ctx.trigger.attempt === 1) await new Promise((done) => setTimeout(done, 250000));
        return new Response('ok') }";
    for (name, retries) in [("once", 0), ("again", 1)] {
        let config = json!({ "schedule": "0 0 29 2 *", "retries": retries, "backoff_seconds": 1 });
        let deploy = json!({ "name": name, "code": code, "timeoutMs": 300_000, "trigger": { "type": "cron", "config": config } });
        server.ask("POST", &functions, &deploy);
        server.ask("POST", &format!("{functions}/{name}/cron/run"), &Value::Null);
    }
    let path = |name: &str| format!("{functions}/{name}/cron");
    slot_in(&server, &path("once"), &["running"]);
    slot_in(&server, &path("again"), &["running"]);
    server.kill();

    let server = Server::start(data.path());
    let again = slot_in(&server, &path("again"), &["ran", "failed"]);
    assert_eq!(
        (&again["state"], &again["attempt"], &again["status"]),
        (&json!("ran"), &json!(2), &json!(200))
    );
    let once = slot_in(&server, &path("once"), &["ran", "failed"]);
    assert_eq!((&once["state"], &once["attempt"]), (&json!("failed"), &json!(1)));
    assert_eq!(once["error"]["code"], "NODE_LOST");
    server.process.signal("TERM");
    assert_eq!(server.process.end().code(), Some(0));
}

#[test]
fn half_of_an_upload_is_nothing_after_a_crash_and_a_whole_one_fires_once() {
    let data = directory();
    let server = Server::start(data.path());
    let made = server.ask("POST", "/v1/apps", &json!({ "name": "crash" }));
    let app = made["app_id"].as_str().unwrap().to_owned();
    server.ask("POST", &format!("/v1/{app}/storage/buckets"), &json!({ "name": "photos" }));
    let code = "export default async (req, ctx) => Response.json(ctx.trigger)";
    let config = json!({ "bucket": "photos" });
    let deploy =
        json!({ "name": "fired", "code": code, "trigger": { "type": "s3_upload", "config": config } });
    server.ask("POST", &format!("/v1/{app}/functions"), &deploy);
    // Half of an object is on its way when the server is killed.
    let wanted = json!({ "method": "PUT", "bucket": "photos", "key": "half" });
    let url = server.ask("POST", &format!("/v1/{app}/storage/presign"), &wanted)["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut connection = std::net::TcpStream::connect(host).unwrap();
    let head = format!("PUT /{path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: 4000000\r\n\r\n");
    std::io::Write::write_all(&mut connection, head.as_bytes()).unwrap();
    std::io::Write::write_all(&mut connection, &vec![0; 1_000_000]).unwrap();
    let unfinished = data.path().join("storage/unfinished");
    while std::fs::read_dir(&unfinished).unwrap().count() == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    server.kill();

    let server = Server::start(data.path());
    let shown = server.ask("GET", &format!("/v1/{app}/storage"), &Value::Null);
    assert_eq!((&shown["objects"], &shown["bytes"]), (&json!(0), &json!(0)));
    // The same object once more, whole: it is there and fires once.
    let body = "x".repeat(1_000);
    let url = server.ask("POST", &format!("/v1/{app}/storage/presign"), &wanted)["url"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = request("PUT", &url, "", &body);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let path = format!("/v1/{app}/functions/fired/uploads");
    loop {
        let shown = server.ask("GET", &path, &Value::Null);
        let uploads = shown["uploads"].as_array().unwrap();
        assert!(uploads.len() <= 1, "{shown}");
        if uploads.first().is_some_and(|one| one["state"] == "done") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    server.kill();

    // What was acknowledged is there, and it does not fire again.
    let server = Server::start(data.path());
    let shown = server.ask("GET", &format!("/v1/{app}/storage"), &Value::Null);
    assert_eq!((&shown["objects"], &shown["bytes"]), (&json!(1), &json!(1_000)));
    let shown = server.ask("GET", &path, &Value::Null);
    assert_eq!((&shown["uploads"][0]["state"], &shown["uploads"][0]["attempt"]), (&json!("done"), &json!(1)));
    server.process.signal("TERM");
    assert_eq!(server.process.end().code(), Some(0));
}
