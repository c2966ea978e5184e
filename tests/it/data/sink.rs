//! Writing invocation records: in batches, readable at once, without blocking invocations.

mod reading;

use std::time::Duration;

use mayfly_store::{
    BackgroundRecord, InvocationQuery, InvocationRecord, LogLine, Sink, SinkConfig, SinkCounts, id,
};
use support::cluster::{endpoint, run, store};
use support::tenants::TestApp;

fn record(app: &TestApp, at_ms: i64) -> InvocationRecord {
    InvocationRecord {
        id: id::invocation().unwrap(),
        app_id: app.id.as_str().into(),
        function_id: ("fn_1".to_owned() + &app.id).into(),
        function_name: "hello".into(),
        version_id: "ver_1".into(),
        version: 1,
        request_id: "req".into(),
        trigger: "http".into(),
        method: "GET".to_owned(),
        path: "/".to_owned(),
        caller_type: "anonymous".into(),
        caller_key_id: None,
        user_id: Some("alice".to_owned()),
        db_role: "butterbase_user".into(),
        status: Some(200),
        started_at: chrono_ms(at_ms),
        duration_us: 1500,
        fuel: 200_000,
        memory_peak_bytes: 1 << 20,
        database_us: 0,
        host_operations: 0,
        egress_bytes: 0,
        parent_id: None,
        invoked_fuel: 0,
        compiled_digest: None,
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
fn a_record_that_an_earlier_attempt_has_written_counts_once() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, _writer) = Sink::start(&store, SinkConfig { batch_max: 1, ..SinkConfig::default() });
        let twice = record(&app, 1000);
        sink.record(twice.clone()).await;
        sink.flush().await;
        // It hangs again before its end, and its connection is lost.
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
        // Backdates the record.
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
        // The records of later days.
        invocations.drop_before(day + chrono::Days::new(10), noon).await.unwrap();
    });
}

#[test]
fn every_column_and_long_consoles_come_back() {
    run(async {
        let store = store().await;
        let app = TestApp::new("").await;
        let (sink, _writer) = Sink::start(&store, SinkConfig::default());
        let text = |value: &str| Some(value.to_owned());
        let plain = record(&app, 1_700_000_000_000);
        // More than one batch, with a value in every column.
        let full = InvocationRecord {
            caller_key_id: text("key_1"),
            user_id: None,
            status: None,
            version: 7,
            fuel: i64::MAX as u64,
            database_us: 1,
            host_operations: u32::MAX >> 1,
            egress_bytes: 2,
            error_code: text("FUNCTION_THREW"),
            error_message: text("caf\u{e9}"),
            error_stack: text(&"at f\n".repeat(20_000)),
            background: Some(BackgroundRecord {
                promises: Vec::new(),
                promises_dropped: 0,
                duration_us: 3,
                fuel: 4,
                error_code: None,
                error_message: None,
                error_stack: None,
            }),
            logs: vec![line("log", &"x".repeat(100_000)), line("error", "")],
            ..record(&app, -62_000_000_000_000)
        };
        let written = [full, plain.clone(), InvocationRecord { id: id::invocation().unwrap(), ..plain }];
        for one in &written {
            sink.record(one.clone()).await;
        }
        sink.flush().await;
        let mut read = store.invocations().query(&app.id, None, &query(10)).await.unwrap().records;
        read.sort_by(|a, b| a.id.cmp(&b.id));
        let mut written = written.to_vec();
        written.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(read, written);
    });
}

#[test]
fn a_record_of_a_deleted_app_blocks_no_other() {
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
            SinkConfig { queue_max: 3, batch_max: 1, push_timeout: Duration::ZERO, ..SinkConfig::default() };
        let (sink, writer) = Sink::start(&store, config);
        // The writer waits for this.
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
