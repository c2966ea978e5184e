//! Limits and errors of single statements.

use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::providers::{TransactionOptions, Value};
use mayfly_tenant_db::db::DbLimits;
#[cfg(target_os = "linux")]
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};
use support::cluster::{endpoint, run};
use support::tenants::{TestApp, answer, code, rows, statement, tenants_with};

#[test]
fn errors_carry_what_postgresql_said() {
    run(async {
        let app = TestApp::new("CREATE TABLE t (x int CONSTRAINT positive CHECK (x > 0) PRIMARY KEY)").await;
        let db = app.service();
        let error = answer(&db, "SELECT nothing FROM t", Vec::new()).await.unwrap_err();
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("42703", "column \"nothing\" does not exist")
        );
        assert!(error.fields.contains(&("position", "8".to_owned())));
        let error = answer(&db, "INSERT INTO t VALUES (-1)", Vec::new()).await.unwrap_err();
        assert_eq!(error.code, "23514");
        assert!(error.fields.contains(&("constraint", "positive".to_owned())));
        assert!(error.fields.contains(&("table", "t".to_owned())));
        // And the connection is clean.
        assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn one_statement_a_call() {
    run(async {
        let app = TestApp::new("").await;
        let db = app.service();
        assert_eq!(code(&db, "SELECT 1; SELECT 2").await, "42601");
        assert_eq!(code(&db, "COMMIT").await, "DB_STATEMENT_NOT_ALLOWED");
        assert_eq!(rows(&db, "SELECT 1 AS x;").await, json!([{"x": 1}]));
    });
}

#[test]
fn parameters_have_bounds() {
    run(async {
        let app = TestApp::new("").await;
        let db = app.service();
        let too_many = answer(&db, "SELECT 1", vec![Value::Null; 70_000]).await.unwrap_err();
        assert_eq!(too_many.code, "54000");
        let nul = answer(&db, "SELECT $1::text", vec![Value::Text("a\0b".to_owned())]).await.unwrap_err();
        assert_eq!(nul.code, "22021");
        assert_eq!(code(&db, "SELECT 'a\0b'").await, "22021");
        // The maximum.
        let list: Vec<_> = (1..=65_535).map(|number| format!("${number}::int2")).collect();
        let sql = format!("SELECT cardinality(ARRAY[{}]) AS n", list.join(","));
        let answer = answer(&db, &sql, vec![Value::Number(1.0); 65_535]).await.unwrap();
        assert_eq!(answer["rows"], json!([{"n": 65_535}]));
        assert_eq!(code(&db, "SELECT $1::int").await, "08P01");
    });
}

#[test]
fn a_huge_result_is_cut_off_at_the_bound() {
    run(async {
        let app = TestApp::new("").await;
        let db = app.service();
        let before = peak_bytes();
        assert_eq!(code(&db, "SELECT repeat('a', 100000000)").await, "DB_RESULT_TOO_LARGE");
        let many = "SELECT repeat('a', 1000000) FROM generate_series(1, 1000)";
        assert_eq!(code(&db, many).await, "DB_RESULT_TOO_LARGE");
        assert_eq!(code(&db, "SELECT FROM generate_series(1, 100001)").await, "DB_RESULT_TOO_LARGE");
        // An error quotes the offending value.
        assert_eq!(code(&db, "SELECT repeat('a', 50000000)::int").await, "DB_RESULT_TOO_LARGE");
        assert!(peak_bytes() - before < 200 << 20, "the result was held in memory");
        let most = answer(&db, "SELECT FROM generate_series(1, 100000)", Vec::new()).await.unwrap();
        assert_eq!(most["rowCount"], 100_000);
    });
}

/// The peak resident memory of this process; 0 where it is unknown.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) << 10
}

#[test]
fn a_statement_has_a_deadline_and_leaves_nothing_running() {
    run(async {
        let bounds = DbLimits { statement_timeout: Duration::from_millis(200), ..DbLimits::default() };
        let app = TestApp::on(&tenants_with(bounds).await, "").await;
        let db = app.service();
        assert_eq!(code(&db, "SELECT pg_sleep(60)").await, "DB_TIMEOUT");
        assert_eq!(code(&db, "SELECT count(*) FROM generate_series(1, 100000000000)").await, "DB_TIMEOUT");
        assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

#[test]
fn a_dropped_statement_is_cancelled() {
    run(async {
        let app = TestApp::new("CREATE TABLE lock_me (x int); INSERT INTO lock_me VALUES (1)").await;
        let db = app.service();
        let admin = endpoint().admin(&app.id).await.unwrap();
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(6_)%' AND pid <> pg_backend_pid() AND state = 'active'";
        let waiting = tokio::spawn({
            let db = db.clone();
            async move { code(&db, "SELECT pg_sleep(61)").await }
        });
        let count = async || admin.query_one(sleeping, &[]).await.unwrap().get::<_, i64>(0);
        while count().await == 0 {}
        waiting.abort();
        while count().await > 0 {}
        assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
    });
}

/// Whether a process was sent an interrupt that it has not handled yet. Linux alone says so.
#[cfg(target_os = "linux")]
fn is_interrupt_pending(process: Pid) -> bool {
    let path = format!("/proc/{}/status", process.as_raw_nonzero());
    let status = std::fs::read_to_string(path).unwrap();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap().trim();
    u64::from_str_radix(pending, 16).unwrap() & (1 << (Signal::INT.as_raw() - 1)) != 0
}

#[cfg(target_os = "linux")]
#[test]
fn a_cancel_request_that_overtakes_its_statement_is_sent_again() {
    run(async {
        let bounds = DbLimits {
            connections_per_login: 1,
            connect_wait: Duration::from_secs(30),
            ..DbLimits::default()
        };
        let app = TestApp::on(&tenants_with(bounds).await, "").await;
        let db = app.service();
        let mut tx = Arc::clone(&db).begin(TransactionOptions::default()).await.unwrap();
        let pid = tx.query(statement("SELECT pg_backend_pid() AS pid", Vec::new())).await.unwrap();
        let pid: Json = serde_json::from_slice(&pid.json).unwrap();
        let pid = pid["rows"][0]["pid"].as_i64().unwrap();
        let backend = Pid::from_raw(pid.try_into().unwrap()).unwrap();
        // It is sent a statement and an interrupt, and finds the interrupt first.
        kill_process(backend, Signal::STOP).unwrap();
        tokio::select! {
            biased;
            _ = tx.query(statement("SELECT pg_sleep(62)", Vec::new())) => panic!("it slept too short"),
            () = std::future::ready(()) => {}
        }
        drop(tx);
        while !is_interrupt_pending(backend) {
            tokio::task::yield_now().await;
        }
        kill_process(backend, Signal::CONT).unwrap();
        // The next use waits until the backend is gone.
        assert_eq!(rows(&db, "SELECT 1 AS x").await, json!([{"x": 1}]));
        let admin = endpoint().admin(&app.id).await.unwrap();
        let left = format!("SELECT query FROM pg_stat_activity WHERE pid = {pid}");
        assert!(admin.query(&left, &[]).await.unwrap().is_empty());
    });
}

#[test]
fn nothing_of_one_statement_is_left_for_the_next() {
    run(async {
        let app = TestApp::new(
            "CREATE SEQUENCE s;
             CREATE FUNCTION meddle() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
                SET statement_timeout = 0; SET search_path = pg_catalog; SET \"my.own\" = 'left';
                SET DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'; SET client_encoding = 'LATIN1';
                PERFORM nextval('public.s'); RETURN current_setting('statement_timeout'); END $$",
        )
        .await;
        let user = app.user("alice");
        assert_eq!(rows(&user, "SELECT meddle() AS x").await, json!([{"x": "0"}]));
        for db in [user, app.user("bob")] {
            let left =
                "SELECT current_setting('statement_timeout') AS t, current_setting('search_path') AS s,
                coalesce(current_setting('my.own', true), '') AS o, current_setting('client_encoding') AS e,
                '1970-01-01 00:00:00+00'::timestamptz AS d";
            assert_eq!(
                rows(&db, left).await,
                json!([{"t": "30s", "s": "public", "o": "", "e": "UTF8", "d": 0}])
            );
            assert_eq!(code(&db, "SELECT lastval()").await, "55000");
        }
    });
}

#[test]
fn tables_can_be_used_as_their_owner_meant() {
    run(async {
        let app = TestApp::new("CREATE TABLE t (id serial PRIMARY KEY, x text)").await;
        for db in [app.service(), app.user("alice"), app.anon()] {
            rows(&db, "INSERT INTO t (x) VALUES ('a')").await;
            rows(&db, "UPDATE t SET x = 'b'").await;
            rows(&db, "SELECT * FROM t").await;
            rows(&db, "DELETE FROM t").await;
            assert_eq!(code(&db, "SELECT x INTO t2 FROM t").await, "42501");
        }
    });
}
