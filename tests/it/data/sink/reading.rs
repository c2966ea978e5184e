//! Reading invocation records: single ones, pages, followers, sums.

use mayfly_api::functions::SettingsChange;
use mayfly_store::{BackgroundRecord, DeployRow, InvocationQuery, Sink, SinkConfig, SinkCounts, StoredImage};
use support::cluster::{run, store};
use support::tenants::TestApp;

use super::{chrono_ms, line, query, record};

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
            promises: Vec::new(),
            promises_dropped: 0,
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
            settings: SettingsChange::default(),
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
            one.function_id = function.as_str().into();
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
