//! `GET /v1/{app}/functions/{name}/logs/stream`.

use support::app::{Node, TestApp};
use support::client::{Event, Events};
use support::cluster::run;

const CODE: &str = "export default (req) => {
    const mode = new URL(req.url).searchParams.get('mode');
    console.log(mode);
    if (mode === 'warn') console.warn('careful');
    return new Response(mode, { status: mode === 'bad' ? 400 : 200 });
}";

async fn tail(app: &TestApp, query: &str, last: Option<&str>) -> Events {
    let mut ask = app.manage("GET", &format!("/functions/hello/logs/stream{query}"));
    if let Some(last) = last {
        ask = ask.header("last-event-id", last);
    }
    ask.events().await
}

fn mode(event: &Event) -> &str {
    event.data["consoleLogs"][0]["message"].as_str().unwrap()
}

async fn call(app: &TestApp, mode: &str) {
    app.call("GET", &format!("hello?mode={mode}")).send().await;
}

#[test]
fn a_tail_shows_what_comes_after_it_began() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        call(&app, "before").await;
        app.logs("hello").await;
        let mut events = tail(&app, "", None).await;
        for n in 0..5 {
            call(&app, &format!("n{n}")).await;
            let event = events.next().await.unwrap();
            assert_eq!(mode(&event), format!("n{n}"));
            // The same entries as in the list.
            assert_eq!(event.data, app.logs("hello").await[0]);
        }
    });
}

#[test]
fn a_reader_that_comes_back_has_missed_nothing() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        let mut events = tail(&app, "", None).await;
        call(&app, "first").await;
        let mut last = events.next().await.unwrap().id;
        let mut seen = Vec::new();
        for round in 0..4 {
            drop(events);
            for n in 0..10 {
                call(&app, &format!("r{round}n{n}")).await;
            }
            events = tail(&app, "", Some(&last)).await;
            // The client disconnects again in the middle.
            let count = if round == 3 { 40 - seen.len() } else { 7 };
            for _ in 0..count {
                let event = events.next().await.unwrap();
                assert!(event.id.parse::<u64>().unwrap() > last.parse::<u64>().unwrap());
                seen.push(mode(&event).to_owned());
                last = event.id;
            }
        }
        // Two that end at almost the same time may swap: records are ordered by their end.
        seen.sort();
        let expected: Vec<_> = (0..4).flat_map(|r| (0..10).map(move |n| format!("r{r}n{n}"))).collect();
        assert_eq!(seen, expected);
    });
}

#[test]
fn records_of_another_node_are_seen_too() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        let other = Node::start(|_| {}).await;
        let mut events = other
            .client()
            .get(&app.path("/functions/hello/logs/stream"))
            .key(&app.service_key)
            .events()
            .await;
        call(&app, "elsewhere").await;
        assert_eq!(mode(&events.next().await.unwrap()), "elsewhere");
        other.shutdown().await;
    });
}

#[test]
fn filters_leave_out() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        let mut warnings = tail(&app, "?level=warn", None).await;
        let mut failures = tail(&app, "?status=error", None).await;
        for mode in ["a", "warn", "bad", "b"] {
            call(&app, mode).await;
        }
        assert_eq!(mode(&warnings.next().await.unwrap()), "warn");
        assert_eq!(mode(&failures.next().await.unwrap()), "bad");
    });
}

#[test]
fn a_shutdown_ends_a_tail_at_once() {
    run(async {
        let node = Node::start(|_| {}).await;
        let app = node.app().await;
        app.deploy("hello", CODE).await;
        let mut events = tail(&app, "", None).await;
        call(&app, "last").await;
        assert!(events.next().await.is_some());
        let (finished, rest) = tokio::join!(node.shutdown(), events.next());
        assert!(finished);
        assert_eq!(rest, None);
    });
}

#[test]
fn what_is_asked_wrongly_is_refused() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("hello", CODE).await;
        for (query, header) in [
            ("?limit=1", None),
            ("?cursor=x", None),
            ("?level=loud", None),
            ("", Some("x")),
            ("", Some("-1")),
            ("", Some("1.5")),
        ] {
            let mut ask = app.manage("GET", &format!("/functions/hello/logs/stream{query}"));
            if let Some(header) = header {
                ask = ask.header("last-event-id", header);
            }
            ask.fails(400, "VALIDATION_INVALID_SCHEMA").await;
        }
        app.manage("GET", "/functions/nope/logs/stream").fails(404, "RESOURCE_NOT_FOUND").await;
        app.client.get(&app.path("/functions/hello/logs/stream")).fails(401, "AUTH_REQUIRED").await;
    });
}
