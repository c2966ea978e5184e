//! Invocation records: written in batches, read back at once, never in the way.

use std::time::Duration;

use mayfly_control::store::{
    BackgroundRecord, DeployRow, InvocationQuery, InvocationRecord, LogLine, SettingsPatch, Sink, SinkConfig,
    SinkCounts, StoredImage, id,
};
use support::cluster::{endpoint, run, store};
use support::tenants::TestApp;

fn record(app: &TestApp, at_ms: i64) -> InvocationRecord {
    InvocationRecord {
        id: id::invocation().unwrap(),
        app_id: app.id.clone(),
        function_id: "fn_1".to_owned() + &app.id,
        function_name: "hello".to_owned(),
        version_id: "ver_1".to_owned(),
        version: 1,
        request_id: "req".to_owned(),
        trigger: "http".to_owned(),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        caller_type: "anonymous".to_owned(),
        caller_key_id: None,
        user_id: Some("alice".to_owned()),
        db_role: "butterbase_user".to_owned(),
        status: Some(200),
        started_at: chrono_ms(at_ms),
        duration_us: 1500,
        fuel: 200_000,
        memory_peak_bytes: 1 << 20,
        database_us: 0,
        host_operations: 0,
        egress_bytes: 0,
        error_code: None,
        error_message: None,
        error_stack: None,
        background: None,
        logs: Vec::new(),
    }
}

fn chrono_ms(ms: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(ms).unwrap()
}

fn line(level: &str, message: &str) -> LogLine {
    LogLine { seq: 0, at_ms: 5, level: level.to_owned(), message: message.to_owned() }
}

fn query(limit: u32) -> InvocationQuery {
    InvocationQuery { limit, ..InvocationQuery::default() }
}

#[test]
fn what_was_recorded_is_read_back_whole() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, _writer) = Sink::start(&store, SinkConfig::default());
        let mut wanted = record(&app, 1_700_000_000_123);
        wanted.status = None;
        wanted.error_code = Some("FUNCTION_THREW".to_owned());
        wanted.error_message = Some("quote ' backslash \\ emoji \u{1f600}".to_owned());
        wanted.background = Some(BackgroundRecord {
            duration_us: 7,
            fuel: 9,
            error_code: None,
            error_message: Some("late".to_owned()),
            error_stack: None,
        });
        wanted.logs = vec![line("warn", "careful \\u0000"), line("error", "x")];
        sink.record(wanted.clone()).await;
        sink.flush().await;
        let page = store.invocations().query(&app.id, Some("hello"), &query(10)).await.unwrap();
        assert_eq!(page.records, vec![wanted]);
        assert_eq!(page.next_cursor, None);
        assert_eq!(sink.counts(), SinkCounts { written: 1, dropped: 0 });
    });
}

#[test]
fn a_printed_nul_loses_nothing_but_itself() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, _writer) = Sink::start(&store, SinkConfig::default());
        let mut odd = record(&app, 1000);
        odd.logs = vec![line("log", "a\0b")];
        odd.error_message = Some("\0".to_owned());
        sink.record(odd).await;
        sink.flush().await;
        let page = store.invocations().query(&app.id, None, &query(10)).await.unwrap();
        assert_eq!(page.records[0].logs[0].message, "a\u{fffd}b");
        assert_eq!(page.records[0].error_message.as_deref(), Some("\u{fffd}"));
    });
}

#[test]
fn pages_and_filters() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, _writer) = Sink::start(&store, SinkConfig { batch_max: 7, ..SinkConfig::default() });
        let mut recorded = Vec::new();
        for number in 0..25_i64 {
            let mut one = record(&app, 1000 * (number / 2));
            one.status = Some(if number % 5 == 0 { 500 } else { 200 });
            one.logs = vec![line(if number == 3 { "error" } else { "log" }, "x")];
            recorded.insert(0, one.id.clone());
            sink.record(one).await;
        }
        sink.flush().await;
        let invocations = store.invocations();
        let mut seen = Vec::new();
        let mut page = query(4);
        loop {
            let found = invocations.query(&app.id, Some("hello"), &page).await.unwrap();
            seen.extend(found.records);
            let Some(cursor) = found.next_cursor else { break };
            page.cursor = Some(cursor);
        }
        assert_eq!(seen.iter().map(|record| record.id.clone()).collect::<Vec<_>>(), recorded);
        let count = async |query: InvocationQuery| {
            invocations.query(&app.id, Some("hello"), &query).await.unwrap().records.len()
        };
        assert_eq!(count(InvocationQuery { failed: Some(true), ..query(100) }).await, 5);
        assert_eq!(count(InvocationQuery { status: Some(200), ..query(100) }).await, 20);
        assert_eq!(count(InvocationQuery { level: Some("error".to_owned()), ..query(100) }).await, 1);
        assert_eq!(count(InvocationQuery { level: Some("none".to_owned()), ..query(100) }).await, 0);
        assert_eq!(count(InvocationQuery { since: Some(chrono_ms(11_000)), ..query(100) }).await, 3);
        assert_eq!(count(InvocationQuery { until: Some(chrono_ms(1000)), ..query(100) }).await, 2);
        assert_eq!(count(InvocationQuery { invocation_id: Some(seen[3].id.clone()), ..query(100) }).await, 1);
        assert!(
            invocations
                .query(&app.id, None, &InvocationQuery { cursor: Some("?".to_owned()), ..query(1) })
                .await
                .is_err()
        );
        assert_eq!(invocations.query("app_000000000000", None, &query(10)).await.unwrap().records.len(), 0);
    });
}

#[test]
fn a_record_that_an_earlier_attempt_has_written_counts_once() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, _writer) = Sink::start(&store, SinkConfig { batch_max: 1, ..SinkConfig::default() });
        let twice = record(&app, 1000);
        sink.record(twice.clone()).await;
        sink.flush().await;
        // The same again: it hangs before its end, and its connection is lost.
        let admin = endpoint().admin("mayfly").await.unwrap();
        admin.batch_execute("BEGIN").await.unwrap();
        let held = "SELECT pg_backend_pid() FROM invocation_hours WHERE app_id = $1 FOR UPDATE";
        let holder: i32 = admin.query_one(held, &[&app.id]).await.unwrap().get(0);
        sink.record(twice).await;
        let other = endpoint().admin("mayfly").await.unwrap();
        let blocked = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE $1 = ANY (pg_blocking_pids(pid))";
        while other.query_one(blocked, &[&holder]).await.unwrap().get::<_, i64>(0) == 0 {}
        admin.batch_execute("COMMIT").await.unwrap();
        sink.flush().await;
        let sums = admin
            .query_one("SELECT invocations, duration_us FROM invocation_hours WHERE app_id = $1", &[&app.id])
            .await
            .unwrap();
        assert_eq!((sums.get::<_, i64>(0), sums.get::<_, i64>(1)), (1, 1500));
        let page = store.invocations().query(&app.id, None, &query(10)).await.unwrap();
        assert_eq!(page.records.len(), 1);
        assert_eq!(sink.counts(), SinkCounts { written: 2, dropped: 0 });
    });
}

#[test]
fn a_follower_misses_nothing_and_sees_it_in_order() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let invocations = store.invocations();
        let mut after = invocations.newest().await.unwrap();
        // Two nodes write at the same time, in batches.
        let (one, _writer) = Sink::start(&store, SinkConfig { batch_max: 3, ..SinkConfig::default() });
        let (two, _writer) = Sink::start(&store, SinkConfig { batch_max: 5, ..SinkConfig::default() });
        let writers = async {
            for number in 0..200 {
                let sink = if number % 2 == 0 { &one } else { &two };
                sink.record(record(&app, number)).await;
            }
        };
        let mut seen = Vec::new();
        let follower = async {
            while seen.len() < 200 {
                let more = invocations.following(&app.id, "hello", after, 7).await.unwrap();
                assert!(more.windows(2).all(|two| two[0].0 < two[1].0));
                after = more.last().map_or(after, |(number, _)| *number);
                seen.extend(more.into_iter().map(|(_, record)| record.started_at.timestamp_millis()));
            }
        };
        tokio::join!(writers, follower);
        for parity in 0..2 {
            let of_one: Vec<_> = seen.iter().copied().filter(|ms| ms % 2 == parity).collect();
            assert_eq!(of_one, (0..200).filter(|ms| ms % 2 == parity).collect::<Vec<_>>());
        }
    });
}

#[test]
fn days_are_made_in_advance_and_dropped_when_they_are_old() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let invocations = store.invocations();
        let day = chrono::NaiveDate::from_ymd_opt(2001, 2, 3).unwrap();
        let noon = day.and_hms_opt(12, 0, 0).unwrap().and_utc();
        invocations.prepare_days(noon).await.unwrap();
        invocations.prepare_days(noon).await.unwrap();
        let (sink, _writer) = Sink::start(&store, SinkConfig::default());
        for at in [noon, chrono::Utc::now()] {
            sink.record(record(&app, at.timestamp_millis())).await;
        }
        sink.flush().await;
        let admin = endpoint().admin("mayfly").await.unwrap();
        // As if it had been written then.
        let moved = "UPDATE invocations SET recorded_at = started_at WHERE app_id = $1 AND started_at < now() - interval '1 day'";
        admin.execute(moved, &[&app.id]).await.unwrap();
        let count = async || invocations.query(&app.id, None, &query(10)).await.unwrap().records.len();
        assert_eq!(count().await, 2);
        assert_eq!(invocations.drop_before(day, noon).await.unwrap(), 0);
        assert_eq!(count().await, 2);
        let sums = async || {
            let count = "SELECT count(*) FROM invocation_hours WHERE app_id = $1";
            admin.query_one(count, &[&app.id]).await.unwrap().get::<_, i64>(0)
        };
        assert_eq!(sums().await, 2);
        let later = noon + chrono::TimeDelta::hours(1);
        assert_eq!(invocations.drop_before(day.succ_opt().unwrap(), later).await.unwrap(), 1);
        assert_eq!((count().await, sums().await), (1, 1));
        // Those of the days after it.
        invocations.drop_before(day + chrono::Days::new(10), noon).await.unwrap();
    });
}

#[test]
fn a_record_of_a_deleted_app_stops_nobody() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let gone = TestApp::new("").await;
        gone.tenants.delete(&gone.id).await.unwrap();
        let (sink, _writer) = Sink::start(&store, SinkConfig::default());
        sink.record(record(&gone, 1000)).await;
        sink.record(record(&app, 1000)).await;
        sink.flush().await;
        let page = store.invocations().query(&app.id, None, &query(10)).await.unwrap();
        assert_eq!(page.records.len(), 1);
    });
}

#[test]
fn while_nothing_can_be_written_the_oldest_are_dropped_and_counted() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let config =
            SinkConfig { queue_max: 3, batch_max: 1, patience: Duration::ZERO, ..SinkConfig::default() };
        let (sink, writer) = Sink::start(&store, config);
        // Whoever writes waits for this.
        let admin = endpoint().admin("mayfly").await.unwrap();
        admin.batch_execute("BEGIN; LOCK TABLE invocations IN EXCLUSIVE MODE").await.unwrap();
        for number in 0..20 {
            sink.record(record(&app, 1000 * number)).await;
        }
        let dropped = sink.counts().dropped;
        assert!((16..=17).contains(&dropped), "{dropped}");
        admin.batch_execute("COMMIT").await.unwrap();
        sink.flush().await;
        let page = store.invocations().query(&app.id, None, &query(100)).await.unwrap();
        assert_eq!(page.records.len() as u64 + dropped, 20);
        assert_eq!(page.records[0].started_at, chrono_ms(19_000), "the newest is there");
        drop(sink);
        writer.await.unwrap();
    });
}

#[test]
fn a_shutdown_writes_what_waits() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, writer) = Sink::start(&store, SinkConfig::default());
        for number in 0..1000 {
            sink.record(record(&app, number)).await;
        }
        drop(sink);
        writer.await.unwrap();
        let page = store.invocations().query(&app.id, None, &query(1000)).await.unwrap();
        assert_eq!(page.records.len(), 1000);
    });
}

#[test]
fn figures_are_sums_of_the_records() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let image = StoredImage {
            digest: "stats".to_owned(),
            engine_digest: "e".to_owned(),
            bytes: vec![1],
            init_fuel: 1,
        };
        let row = DeployRow {
            name: "hello".to_owned(),
            file_name: "hello.ts".to_owned(),
            code: "x".to_owned(),
            source_map: "{}".to_owned(),
            image,
            description: None,
            settings: SettingsPatch::default(),
            triggers: None,
            env: None,
            schema_fingerprint: None,
            rollout: None,
        };
        let function = store.functions().deploy(&app.id, &row).await.unwrap().function_id;
        assert!(store.functions().stats(&app.id).await.unwrap().is_empty());
        let (sink, _writer) = Sink::start(&store, SinkConfig::default());
        let now = chrono::Utc::now().timestamp_millis();
        let days_ago = now - 3 * 86_400_000;
        for (at_ms, status, duration_us) in [
            (days_ago, Some(200), 7000),
            (now - 2, Some(200), 1000),
            (now - 1, None, 3000),
            (now, Some(404), 5000),
        ] {
            let mut one = record(&app, at_ms);
            one.function_id = function.clone();
            one.status = status;
            one.duration_us = duration_us;
            sink.record(one).await;
        }
        sink.flush().await;
        let stats = store.functions().stats(&app.id).await.unwrap();
        let hello = &stats[&function];
        assert_eq!((hello.invocation_count, hello.error_count), (4, 2));
        assert_eq!(hello.duration_ms, 4.0);
        assert_eq!(hello.duration_ms_24h, 3.0);
        assert!((hello.error_rate_24h - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!((hello.last_status, hello.last_invoked_at), (Some(404), Some(chrono_ms(now))));
    });
}
