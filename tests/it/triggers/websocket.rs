//! Websocket triggers: events of clients run functions, channels carry messages, and sockets outlive whatever fails.

use futures_util::SinkExt as _;
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;
use support::socket::TestSocket;
use support::wait::until;
use tokio_tungstenite::tungstenite::Message;

const ECHO: &str = "export default async (req, ctx) => {
    const { event, payload } = await req.json();
    const { rows } = await ctx.db.query('SELECT current_user::text AS role, current_user_id() AS id');
    return Response.json({ event, payload, trigger: ctx.trigger, caller: ctx.caller.type, user: ctx.user?.id ?? null,
        db: rows[0], kind: req.headers.get('x-trigger-type') }, { status: 201 });
}";

async fn handle(app: &TestApp, name: &str, event: Option<&str>, code: &str) {
    let config = event.map_or(json!({}), |event| json!({ "event": event }));
    let trigger = json!({ "trigger": { "type": "websocket", "config": config } });
    app.deploy_with(name, code, trigger).await;
}

#[test]
fn an_event_runs_its_function_as_whoever_the_socket_is() {
    run(async {
        let app = TestApp::new().await;
        handle(&app, "echo", Some("echo"), ECHO).await;
        for (token, role, caller, user) in [
            (app.token("alice").await, "butterbase_user", "end_user_jwt", json!("alice")),
            (app.anon_key.clone(), "butterbase_anon", "anonymous", Value::Null),
            (app.service_key.clone(), "butterbase_service", "service_key", Value::Null),
        ] {
            let mut socket = app.socket(&token).await;
            assert_eq!(socket.hello["app_id"], app.id.as_str());
            assert_eq!(socket.hello["role"], role);
            let frame = json!({ "type": "event", "event": "echo", "payload": { "n": [1] }, "id": 7 });
            socket.send(frame).await;
            let answer = socket.next("event_response").await;
            assert_eq!(
                (&answer["event"], &answer["id"], &answer["status"]),
                (&json!("echo"), &json!(7), &json!(201))
            );
            let data = &answer["data"];
            assert_eq!((&data["event"], &data["payload"]), (&json!("echo"), &json!({ "n": [1] })));
            assert_eq!(
                data["trigger"],
                json!({ "type": "websocket", "event": "echo", "socketId": socket.id, "binary": false })
            );
            assert_eq!(
                (&data["caller"], &data["user"], &data["kind"]),
                (&json!(caller), &user, &json!("websocket"))
            );
            assert_eq!(data["db"], json!({ "role": role, "id": user }));
        }
        let listed = app.manage("GET", "/triggers").ok().await;
        assert_eq!(
            (&listed["triggers"][0]["type"], &listed["triggers"][0]["state"]),
            (&json!("websocket"), &json!("active"))
        );
        assert_eq!(listed["triggers"][0]["last_run"]["status"], 201);
        assert_eq!(app.logs("echo").await.len(), 3);
        app.call("POST", "echo").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn a_credential_comes_by_header_query_or_subprotocol_and_a_bad_one_is_1008() {
    run(async {
        let app = TestApp::new().await;
        let bearer = format!("Bearer {}", app.anon_key);
        let protocol = format!("mayfly, bearer.{}", app.anon_key);
        for headers in [[("authorization", bearer.as_str())], [("sec-websocket-protocol", protocol.as_str())]]
        {
            TestSocket::greeted(app.dial("", &headers).await).await;
        }
        let other = TestApp::new().await;
        let stranger = other.token("alice").await;
        for (query, code) in [
            (String::new(), "AUTH_REQUIRED"),
            ("?token=abc".to_owned(), "AUTH_INVALID_TOKEN"),
            (format!("?token={stranger}"), "AUTH_INVALID_TOKEN"),
            (format!("?token={}", other.service_key), "AUTH_INVALID_API_KEY"),
            (format!("?token={}", app.admin_key), "AUTH_INVALID_API_KEY"),
            (format!("?token={0}&token={0}", app.anon_key), "AUTH_INVALID_TOKEN"),
        ] {
            let stream = app.dial(&query, &[]).await;
            let mut socket = TestSocket { stream, id: String::new(), hello: Value::Null };
            let (frames, closed, _) = socket.closed().await;
            assert_eq!(
                (closed, &frames[0]["type"], &frames[0]["code"]),
                (1008, &json!("error"), &json!(code)),
                "{query}"
            );
            assert!(!frames[0].to_string().contains("bb_sk_"));
        }
    });
}

#[test]
fn what_a_frame_does_wrong_is_said_and_the_socket_lives_on() {
    run(async {
        let app = TestApp::new().await;
        handle(&app, "echo", Some("echo"), ECHO).await;
        let mut socket = app.socket(&app.anon_key).await;
        for (sent, message) in [
            ("{", "Invalid JSON"),
            ("", "Invalid JSON"),
            ("[1]", "Invalid frame"),
            (r#"{"type":"event"}"#, "Missing \"event\" field"),
            (r#"{"type":"event","event":"other"}"#, "No handler for event: other"),
            (r#"{"type":"dance"}"#, "Unknown message type: dance"),
            (r#"{"type":"subscribe"}"#, "Missing \"table\" or \"channel\" field"),
            (r#"{"type":"publish","channel":"a","data":1}"#, "only service keys publish"),
            (r#"{"type":"subscribe","channel":"private:a"}"#, "a private channel"),
            (r#"{"type":"presence_get","channel":"a"}"#, "subscribe to the channel first"),
        ] {
            socket.say(Message::text(sent)).await;
            let error = socket.next("error").await;
            assert!(error["message"].as_str().unwrap().contains(message), "{sent}: {error}");
        }
        socket.say(Message::binary(vec![1, 2])).await;
        assert!(socket.next("error").await["message"].as_str().unwrap().contains("binary"));
        assert_eq!(socket.event("echo", json!(1)).await["status"], 201);
    });
}

#[test]
fn a_disabled_trigger_handles_nothing_and_one_without_an_event_all_that_is_left() {
    run(async {
        let app = TestApp::new().await;
        let mut socket = app.socket(&app.anon_key).await;
        let named = |name: &str| format!("export default () => new Response('{name}')");
        handle(&app, "rest", None, &named("rest")).await;
        handle(&app, "chat", Some("chat"), &named("chat")).await;
        assert_eq!(socket.event("chat", Value::Null).await["data"], "chat");
        assert_eq!(socket.event("other", Value::Null).await["data"], "rest");
        let bytes = "export default async (req, ctx) => Response.json({ bytes: [...new Uint8Array(await req.arrayBuffer())],
            type: req.headers.get('content-type'), binary: ctx.trigger.binary })";
        handle(&app, "rest", None, bytes).await;
        socket.say(Message::binary(vec![0, 255])).await;
        let answer = socket.next("event_response").await;
        assert_eq!(
            answer["data"],
            json!({ "bytes": [0, 255], "type": "application/octet-stream", "binary": true })
        );
        let off =
            json!({ "trigger": { "type": "websocket", "config": { "event": "chat" }, "enabled": false } });
        app.deploy_with("chat", &named("chat"), off).await;
        assert!(socket.event("chat", Value::Null).await["data"].is_object(), "the other one has it");
    });
}

#[test]
fn a_guest_that_dies_never_drops_the_socket() {
    run(async {
        let app = TestApp::new().await;
        handle(&app, "spin", Some("spin"), "export default () => { for (;;); }").await;
        app.manage("PATCH", "/functions/spin/settings").json(json!({ "cpuLimitMs": 50 })).ok().await;
        let greedy =
            "export default () => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)); }";
        handle(&app, "greedy", Some("greedy"), greedy).await;
        handle(&app, "throw", Some("throw"), "export default () => { throw new Error('no') }").await;
        handle(&app, "nothing", Some("nothing"), "export default () => 5").await;
        let large = "export default () => new Response('x'.repeat((1 << 20) + 1))";
        handle(&app, "large", Some("large"), large).await;
        handle(&app, "echo", Some("echo"), ECHO).await;
        let mut socket = app.socket(&app.anon_key).await;
        for (event, code) in [
            ("spin", "FUNCTION_CPU_LIMIT"),
            ("greedy", "FUNCTION_MEMORY_LIMIT"),
            ("throw", "FUNCTION_THREW"),
            ("nothing", "FUNCTION_NO_RESPONSE"),
            ("large", "FUNCTION_OUTPUT_LIMIT"),
        ] {
            let answer = socket.event(event, Value::Null).await;
            assert_eq!(
                (&answer["status"], &answer["data"]["error"]["code"]),
                (&json!(500), &json!(code)),
                "{event}"
            );
            assert!(answer["data"]["error"]["invocation_id"].as_str().unwrap().starts_with("inv_"));
        }
        assert_eq!(socket.event("echo", json!(1)).await["status"], 201);
    });
}

#[test]
fn events_of_a_socket_run_in_order() {
    run(async {
        let app = TestApp::new().await;
        // The first takes longest: side by side they would end in another order.
        let code = "export default async (req) => {
            const { payload } = await req.json();
            await new Promise((resolve) => setTimeout(resolve, 40 - payload));
            return Response.json(payload);
        }";
        handle(&app, "wait", Some("wait"), code).await;
        let (mut socket, mut other) = (app.socket(&app.anon_key).await, app.socket(&app.anon_key).await);
        for number in 0..40 {
            let frame =
                json!({ "type": "event", "event": "wait", "payload": number, "id": number }).to_string();
            socket.stream.feed(Message::text(frame)).await.unwrap();
        }
        socket.stream.flush().await.unwrap();
        // Another socket waits for none of them.
        assert_eq!(other.event("wait", json!(40)).await["data"], 40);
        for number in 0..40 {
            let answer = socket.next("event_response").await;
            assert_eq!((&answer["id"], &answer["data"]), (&json!(number), &json!(number)));
        }
    });
}

#[test]
fn a_token_that_expires_or_is_revoked_closes_its_sockets_with_4001() {
    run(async {
        let app = TestApp::new().await;
        let asked = json!({ "sub": "alice", "ttl_seconds": 1 });
        let minted = app.manage("POST", "/auth/tokens").json(asked).ok().await;
        let mut brief = app.socket(minted["token"].as_str().unwrap()).await;
        let (frames, code, _) = brief.closed().await;
        assert_eq!((code, &frames[0]["code"]), (4001, &json!("AUTH_END_USER_JWT_EXPIRED")));
        let made = app.manage("POST", "/keys").json(json!({ "name": "socket" })).ok().await;
        let mut revoked = app.socket(made["key"].as_str().unwrap()).await;
        let mut kept = app.socket(&app.service_key).await;
        let node = Node::start(|_| {}).await;
        let mut elsewhere = app.on(&node).socket(made["key"].as_str().unwrap()).await;
        app.manage("DELETE", &format!("/keys/{}", made["id"].as_str().unwrap())).ok().await;
        assert_eq!(revoked.closed().await.1, 4001);
        assert_eq!(elsewhere.closed().await.1, 4001, "on another node, too");
        kept.send(json!({ "type": "ping" })).await;
        kept.next("pong").await;
        node.shutdown().await;
    });
}

#[test]
fn a_paused_app_closes_its_sockets_and_opens_none() {
    run(async {
        let app = TestApp::new().await;
        let mut socket = app.socket(&app.anon_key).await;
        app.manage("PATCH", "/config").json(json!({ "paused": true })).ok().await;
        let (frames, code, _) = socket.closed().await;
        assert_eq!((code, &frames[0]["code"]), (1013, &json!("APP_PAUSED")));
        let stream = app.dial(&format!("?token={}", app.anon_key), &[]).await;
        let mut refused = TestSocket { stream, id: String::new(), hello: Value::Null };
        assert_eq!(refused.closed().await.1, 1013);
    });
}

#[test]
fn sockets_are_bounded_by_app_and_room_comes_back() {
    run(async {
        let node = Node::start(|config| config.sockets.sockets_per_app_max = 2).await;
        let app = node.app().await;
        let first = app.socket(&app.anon_key).await;
        let _second = app.socket(&app.anon_key).await;
        let query = format!("?token={}", app.anon_key);
        let mut third =
            TestSocket { stream: app.dial(&query, &[]).await, id: String::new(), hello: Value::Null };
        assert_eq!(third.closed().await.1, 1013);
        drop(first);
        until("it is so", async || {
            let stream = app.dial(&query, &[]).await;
            let mut socket = TestSocket { stream, id: String::new(), hello: Value::Null };
            socket.send(json!({ "type": "ping" })).await;
            let message = futures_util::StreamExt::next(&mut socket.stream).await;
            matches!(message, Some(Ok(Message::Text(text))) if text.contains("connected")).then_some(())
        })
        .await;
        node.shutdown().await;
    });
}

#[test]
fn a_page_of_an_origin_that_is_not_listed_gets_no_socket() {
    run(async {
        let app = TestApp::new().await;
        let handshake = |origin: &str| {
            format!(
                "GET {}?token={} HTTP/1.1\r\nhost: mayfly.test\r\norigin: {origin}\r\nupgrade: websocket\r\n\
                 connection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                app.path("/realtime"),
                app.anon_key
            )
        };
        let status = async |origin: &str| {
            let mut stream = app.client.connect().await;
            tokio::io::AsyncWriteExt::write_all(&mut stream, handshake(origin).as_bytes()).await.unwrap();
            let mut head = [0; 12];
            tokio::io::AsyncReadExt::read_exact(&mut stream, &mut head).await.unwrap();
            String::from_utf8_lossy(&head[9..]).into_owned()
        };
        assert_eq!(status("https://page.example").await, "403");
        let listed = json!({ "cors_origins": ["https://page.example"] });
        app.manage("PATCH", "/config").json(listed).ok().await;
        assert_eq!(status("https://page.example").await, "101");
        assert_eq!(status("https://other.example").await, "403");
    });
}

#[test]
fn a_shutdown_answers_what_runs_and_closes_with_1012() {
    run(async {
        let app = TestApp::new().await;
        let slow = "export default async (req, ctx) => {
            await ctx.idempotency.claim('started');
            await new Promise((resolve) => setTimeout(resolve, 300));
            return new Response('done');
        }";
        handle(&app, "slow", Some("slow"), slow).await;
        let peek = "export default async (req, ctx) =>
            Response.json((await ctx.db.query('SELECT count(*)::int AS n FROM _idempotency_keys')).rows[0].n)";
        app.deploy("claims", peek).await;
        let node = Node::start(|_| {}).await;
        let there = app.on(&node);
        let (mut busy, mut idle) = (there.socket(&app.anon_key).await, there.socket(&app.anon_key).await);
        busy.send(json!({ "type": "event", "event": "slow" })).await;
        until("it is so", async || (app.call("GET", "claims").ok().await == json!(1)).then_some(())).await;
        let stopped = tokio::spawn(node.shutdown());
        let (_, code, reason) = idle.closed().await;
        assert_eq!(code, 1012, "{reason}");
        assert_eq!(busy.next("event_response").await["data"], "done");
        assert_eq!(busy.closed().await.1, 1012);
        assert!(stopped.await.unwrap(), "everything was finished");
    });
}

#[test]
fn an_event_has_one_function() {
    run(async {
        let app = TestApp::new().await;
        handle(&app, "first", Some("say"), ECHO).await;
        handle(&app, "others", None, ECHO).await;
        handle(&app, "first", Some("say"), ECHO).await;
        for (event, name) in [(json!({ "event": "say" }), "first"), (json!({}), "others")] {
            let body = |enabled: bool| {
                json!({ "name": "second", "code": ECHO,
                    "triggers": [{ "type": "websocket", "config": event, "enabled": enabled }] })
            };
            let refused = app.manage("POST", "/functions").json(body(true)).send().await;
            assert_eq!(refused.status, 409, "{}", refused.text());
            assert!(refused.message().contains(name), "{}", refused.text());
            app.manage("POST", "/functions").json(body(false)).ok().await;
        }
        handle(&app, "second", Some("listen"), ECHO).await;
    });
}
