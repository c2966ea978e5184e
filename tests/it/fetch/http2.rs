//! HTTP/2, where the origin supports it: one connection per app, bodies in both directions at once.

use std::collections::HashSet;

use serde_json::{Value, json};
use support::app::TestApp;
use support::authority::Authority;
use support::cluster::run;
use support::secure_origin::SecureOrigin;

use super::trusting;

/// Concurrent requests that the origin waits for.
const PARTY: usize = 24;

/// Sends the given number of concurrent requests to `url`, and returns how the origin was reached.
const MANY: &str = "export default async (req) => {
    const times = +new URL(req.url).searchParams.get('times'), url = await req.text();
    const answers = Array.from({ length: times }, () => fetch(url).then((answer) => answer.json()));
    return Response.json(await Promise.all(answers));
}";

/// The HTTP versions and the connections of the requests.
async fn reached(app: &TestApp, url: &str, times: usize) -> (HashSet<String>, HashSet<u64>) {
    let answers = app.call("POST", &format!("many?times={times}")).body(url.to_owned()).ok().await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), times);
    let version = |answer: &Value| answer["version"].as_str().unwrap().to_owned();
    let connection = |answer: &Value| answer["connection"].as_u64().unwrap();
    (answers.iter().map(version).collect(), answers.iter().map(connection).collect())
}

#[test]
fn an_app_has_one_connection_for_all_its_requests_and_shares_it_with_no_other_app() {
    run(async {
        let authority = Authority::default();
        let origin = SecureOrigin::start(authority.localhost(&["h2", "http/1.1"]), PARTY).await;
        let node = trusting(&authority).await;
        let mut taken = HashSet::new();
        for _ in 0..2 {
            let app = node.app().await;
            app.deploy("many", MANY).await;
            // The origin answers only when all have arrived: they are multiplexed.
            let (versions, first) = reached(&app, &origin.url("/together"), PARTY).await;
            assert_eq!(versions, HashSet::from(["HTTP/2.0".to_owned()]));
            assert_eq!(first.len(), 1, "{first:?}");
            // Another invocation of the same app.
            let (_, again) = reached(&app, &origin.url("/"), PARTY).await;
            assert_eq!(again, first);
            assert!(taken.is_disjoint(&first), "two apps share the connection {first:?}");
            taken.extend(first);
        }
        assert!(node.shutdown().await);
    });
}

/// Sends a letter, and the next one after its echo.
const PING_PONG: &str = "export default async (req) => {
    const text = new TextDecoder(), encoder = new TextEncoder(), got = [];
    let sender;
    const body = new ReadableStream({ start(controller) { sender = controller; } });
    sender.enqueue(encoder.encode('a'));
    const answer = await fetch(await req.text(), { method: 'POST', body, duplex: 'half' });
    const reader = answer.body.getReader();
    for (const next of ['b', 'c', null]) {
        got.push(text.decode((await reader.read()).value));
        if (next === null) sender.close();
        else sender.enqueue(encoder.encode(next));
    }
    return Response.json([...got, (await reader.read()).done]);
}";

/// Larger than every buffer and every flow-control window on the path.
const LARGE: &str = "export default async (req) => {
    let left = 64, bytes = 0, wrong = 0;
    const pull = (controller) => {
        if (left === 0) controller.close();
        else controller.enqueue(new Uint8Array(1 << 17).fill(left--));
    };
    const body = new ReadableStream({ pull }, { highWaterMark: 0 });
    const answer = await fetch(await req.text(), { method: 'POST', body, duplex: 'half' });
    for await (const piece of answer.body) {
        for (let i = 0; i < piece.length; i += 4096) {
            if (piece[i] !== 64 - Math.floor((bytes + i) / (1 << 17))) wrong++;
        }
        bytes += piece.length;
    }
    return Response.json([bytes, wrong]);
}";

#[test]
fn bodies_stream_up_and_down_at_once() {
    run(async {
        let authority = Authority::default();
        let origin = SecureOrigin::start(authority.localhost(&["h2"]), PARTY).await;
        let node = trusting(&authority).await;
        let app = node.app().await;
        app.deploy("ping-pong", PING_PONG).await;
        app.deploy("large", LARGE).await;
        let echo = origin.url("/echo");
        assert_eq!(app.call("POST", "ping-pong").body(echo.clone()).ok().await, json!(["a", "b", "c", true]));
        assert_eq!(app.call("POST", "large").body(echo).ok().await, json!([8 << 20, 0]));
        assert!(node.shutdown().await);
    });
}

#[test]
fn http_1_1_is_spoken_with_an_origin_that_speaks_nothing_else() {
    run(async {
        let authority = Authority::default();
        let node = trusting(&authority).await;
        let app = node.app().await;
        app.deploy("many", MANY).await;
        app.deploy("large", LARGE).await;
        for protocols in [&["http/1.1"][..], &[]] {
            let origin = SecureOrigin::start(authority.localhost(protocols), PARTY).await;
            let (versions, connections) = reached(&app, &origin.url("/together"), PARTY).await;
            assert_eq!(versions, HashSet::from(["HTTP/1.1".to_owned()]));
            assert_eq!(connections.len(), PARTY, "one for each of those at once");
            let large = app.call("POST", "large").body(origin.url("/echo")).ok().await;
            assert_eq!(large, json!([8 << 20, 0]));
        }
        assert!(node.shutdown().await);
    });
}
