//! Channels: what functions and service keys say to many clients at once, on every node; and who is there.

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_core::sockets::{Hub, Presence, Publisher};
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::{self, run};
use support::socket::TestSocket;
use support::wait::until;
use tokio_tungstenite::tungstenite::Message;

async fn handle(app: &TestApp, event: &str, code: &str) {
    let trigger = json!({ "trigger": { "type": "websocket", "config": { "event": event } } });
    app.deploy_with(event, code, trigger).await;
}

#[test]
fn a_function_sends_to_its_client_and_to_a_channel() {
    run(async {
        let app = TestApp::new().await;
        let say = "export default async (req, { socket, broadcast }) => {
            const { payload } = await req.json();
            const { id, send } = socket;
            await send({ before: payload });
            await socket.send(new Uint8Array([1, 255]));
            await broadcast('room', { from: id, payload });
            return new Response(null, { status: 204 });
        }";
        handle(&app, "say", say).await;
        let (mut alice, mut bob) = (app.socket(&app.anon_key).await, app.socket(&app.anon_key).await);
        bob.subscribe("room").await;
        alice.send(json!({ "type": "event", "event": "say", "payload": [1, null] })).await;
        assert_eq!(alice.next("message").await["data"], json!({ "before": [1, null] }));
        let bytes = futures_util::StreamExt::next(&mut alice.stream).await.unwrap().unwrap();
        assert_eq!(bytes, Message::binary(vec![1, 255]));
        let answer = alice.next("event_response").await;
        assert_eq!((&answer["status"], &answer["data"]), (&json!(204), &Value::Null));
        let heard = bob.next("broadcast").await;
        assert_eq!(
            heard,
            json!({ "type": "broadcast", "channel": "room", "data": { "from": alice.id, "payload": [1, null] } })
        );
        // A call by http has no socket, and all the channels of its app.
        app.deploy("call", "export default async (r, ctx) => { await ctx.broadcast('room'); return Response.json(ctx.socket) }")
            .await;
        assert_eq!(app.call("POST", "call").ok().await, Value::Null);
        assert_eq!(bob.next("broadcast").await["data"], Value::Null);
    });
}

#[test]
fn a_function_lets_its_client_into_a_private_channel_and_out_of_it() {
    run(async {
        let app = TestApp::new().await;
        let door = "export default async (req, ctx) => {
            const { payload } = await req.json();
            await ctx.socket[payload]('private:club');
            await ctx.broadcast('private:club', payload);
            return new Response('done');
        }";
        handle(&app, "door", door).await;
        let mut member = app.socket(&app.token("alice").await).await;
        let mut outside = app.socket(&app.anon_key).await;
        outside.send(json!({ "type": "subscribe", "channel": "private:club" })).await;
        assert_eq!(outside.next("error").await["code"], "AUTH_FORBIDDEN");
        member.event("door", json!("subscribe")).await;
        let mut owner = app.socket(&app.service_key).await;
        owner.send(json!({ "type": "publish", "channel": "private:club", "data": "welcome" })).await;
        while member.next("broadcast").await["data"] != "welcome" {}
        member.event("door", json!("unsubscribe")).await;
        member.send(json!({ "type": "presence_get", "channel": "private:club" })).await;
        assert_eq!(member.next("error").await["message"], "subscribe to the channel first");
    });
}

#[test]
fn a_function_closes_its_socket_and_what_it_does_wrong_is_thrown() {
    run(async {
        let app = TestApp::new().await;
        let wrong = "export default async (req, ctx) => {
            const codeOf = async (work) => { try { await work(); return 'none' } catch (e) { return e.code ?? e.name } };
            return Response.json([
                await codeOf(() => ctx.broadcast('', 1)),
                await codeOf(() => ctx.broadcast('x'.repeat(201), 1)),
                await codeOf(() => ctx.broadcast(5, 1)),
                await codeOf(() => ctx.broadcast('a', 1n)),
                await codeOf(() => ctx.broadcast('a', 'x'.repeat(256 * 1024))),
                await codeOf(() => ctx.broadcast('a', 'x'.repeat(256 * 1024 - 2))),
                await codeOf(() => ctx.socket.close(1001)),
                await codeOf(() => ctx.socket.subscribe(null)),
            ]);
        }";
        handle(&app, "wrong", wrong).await;
        let bye = "export default async (req, ctx) => {
            await ctx.socket.close(4321, 'bye');
            try { await ctx.socket.send(1) } catch (e) { console.log(e.code) }
            return new Response('gone');
        }";
        handle(&app, "bye", bye).await;
        let mut socket = app.socket(&app.anon_key).await;
        let answer = socket.event("wrong", Value::Null).await;
        let invalid = "REALTIME_INVALID";
        assert_eq!(
            answer["data"],
            json!([invalid, invalid, "TypeError", "TypeError", invalid, "none", "RangeError", "TypeError"])
        );
        socket.send(json!({ "type": "event", "event": "bye" })).await;
        let (_, code, reason) = socket.closed().await;
        assert_eq!((code, reason.as_str()), (4321, "bye"));
        let logs = app.recorded("bye", 1).await;
        assert_eq!(logs[0]["consoleLogs"][0]["message"], "SOCKET_CLOSED");
    });
}

#[test]
fn a_client_that_reads_too_slowly_is_closed_with_a_reason() {
    run(async {
        let app = TestApp::new().await;
        let mut slow = app.socket(&app.anon_key).await;
        slow.subscribe("flood").await;
        let mut sender = app.socket(&app.service_key).await;
        let data = "x".repeat(60_000);
        // More than the kernel and the server keep for a reader: who reads nothing of it is closed.
        for _ in 0..300 {
            sender.send(json!({ "type": "publish", "channel": "flood", "data": data })).await;
            sender.next("published").await;
        }
        let (_, code, reason) = slow.closed().await;
        assert_eq!(code, 4002);
        assert!(reason.contains("messages were dropped"), "{reason}");
        assert_eq!(sender.send(json!({ "type": "ping" })).await, ());
        sender.next("pong").await;
    });
}

#[test]
fn nodes_share_messages_in_one_order_and_large_ones_too() {
    run(async {
        let app = TestApp::new().await;
        let node = Node::start(|_| {}).await;
        let (mut here, mut there) =
            (app.socket(&app.anon_key).await, app.on(&node).socket(&app.anon_key).await);
        here.subscribe("room").await;
        there.subscribe("room").await;
        let mut one = app.socket(&app.service_key).await;
        let mut two = app.on(&node).socket(&app.service_key).await;
        // The node has to listen before anything is sent: it does once its first message has come.
        until("it is so", async || {
            two.send(json!({ "type": "publish", "channel": "room", "data": "ready" })).await;
            two.next("published").await;
            let come =
                tokio::time::timeout(std::time::Duration::from_millis(500), there.next("broadcast")).await;
            come.is_ok().then_some(())
        })
        .await;
        let large = "x".repeat(20_000);
        for number in 0..20 {
            let data = if number % 5 == 0 { json!([number, large]) } else { json!([number]) };
            let sender = if number % 2 == 0 { &mut one } else { &mut two };
            sender.send(json!({ "type": "publish", "channel": "room", "data": data })).await;
            if number % 7 == 0 {
                sender.next("published").await;
            }
        }
        let seen = async |socket: &mut TestSocket| {
            let mut seen = Vec::new();
            while seen.len() < 20 {
                let frame = socket.next("broadcast").await;
                assert_eq!(frame["channel"], "room");
                if let Some(number) = frame["data"][0].as_u64() {
                    let has_all = frame["data"][1].as_str().is_none_or(|text| text == large);
                    assert!(has_all && number.is_multiple_of(5) == frame["data"][1].is_string());
                    seen.push(number);
                }
            }
            seen
        };
        let (here, there) = (seen(&mut here).await, seen(&mut there).await);
        assert_eq!(here, there, "one order for all");
        let of_one: Vec<u64> = here.into_iter().filter(|number| number % 2 == 0).collect();
        assert_eq!(of_one, (0..20).step_by(2).collect::<Vec<u64>>(), "a sender's own order");
        node.shutdown().await;
    });
}

#[test]
fn presence_is_seen_from_every_node() {
    run(async {
        let app = TestApp::new().await;
        let node = Node::start(|_| {}).await;
        let mut alice = app.socket(&app.token("alice").await).await;
        alice
            .send(json!({ "type": "presence_track", "channel": "room", "metadata": { "mood": "good" } }))
            .await;
        let state = alice.next("presence_state").await;
        assert_eq!((&state["channel"], state["members"].as_array().unwrap().len()), (&json!("room"), 1));
        assert_eq!(state["members"][0]["user_id"], "alice");
        let mut guest = app.on(&node).socket(&app.anon_key).await;
        guest.send(json!({ "type": "presence_track", "channel": "room" })).await;
        let state = guest.next("presence_state").await;
        let ids: Vec<&Value> =
            state["members"].as_array().unwrap().iter().map(|member| &member["socket_id"]).collect();
        assert_eq!(ids, [&json!(alice.id), &json!(guest.id)]);
        assert_eq!(state["members"][0]["metadata"], json!({ "mood": "good" }));
        let joined = loop {
            let frame = alice.next("presence").await;
            if frame["member"]["socket_id"] == guest.id.as_str() {
                break frame;
            }
        };
        assert_eq!((&joined["event"], &joined["member"]["user_id"]), (&json!("join"), &Value::Null));
        alice
            .send(json!({ "type": "presence_update", "channel": "room", "metadata": { "mood": "better" } }))
            .await;
        let updated = loop {
            let frame = guest.next("presence").await;
            if frame["event"] == "update" {
                break frame;
            }
        };
        assert_eq!(updated["member"]["metadata"], json!({ "mood": "better" }));
        let gone = guest.id.clone();
        drop(guest);
        let left = loop {
            let frame = alice.next("presence").await;
            if frame["event"] == "leave" {
                break frame;
            }
        };
        assert_eq!(left["member"]["socket_id"], gone.as_str());
        alice.send(json!({ "type": "presence_get", "channel": "room" })).await;
        assert_eq!(alice.next("presence_state").await["members"].as_array().unwrap().len(), 1);
        node.shutdown().await;
    });
}

#[test]
fn what_a_client_says_of_itself_is_bounded() {
    run(async {
        let app = TestApp::new().await;
        let mut socket = app.socket(&app.anon_key).await;
        let track = |bytes: usize| json!({ "type": "presence_track", "metadata": "x".repeat(bytes - 2) });
        socket.send(track(1_025)).await;
        assert_eq!(socket.next("error").await["code"], "VALIDATION_INVALID_SCHEMA");
        socket.send(track(1_024)).await;
        assert_eq!(socket.next("presence_state").await["channel"], "app");
    });
}

#[test]
fn a_node_that_is_lost_leaves_every_channel_and_one_that_only_stood_still_comes_back() {
    run(async {
        let app = TestApp::new().await;
        let (store, tasks) = (cluster::store().await, Tasks::new());
        let node = |name: String| {
            let node: Arc<str> = name.into();
            let publisher = Publisher::start(&tasks, store.clone(), Arc::clone(&node));
            (Hub::default(), Presence::new(store.clone(), publisher, node))
        };
        let frozen = format!("node_{}", app.id);
        let ((hub, presence), (other_hub, other)) = (node(frozen.clone()), node(format!("{frozen}_other")));
        let mut watcher = app.socket(&app.anon_key).await;
        watcher.subscribe("room").await;
        let here = Hub::open(&hub, &app.id, Some("alice")).unwrap();
        presence.enter(&here.socket, "room", serde_json::value::RawValue::NULL).await.unwrap();
        assert_eq!(watcher.next("presence").await["event"], "join");
        let database = cluster::endpoint().platform_database().to_owned();
        let client = cluster::endpoint().admin(&database).await.unwrap();
        let age = "UPDATE realtime_nodes SET seen_at = now() - interval '31 s' WHERE node = $1";
        client.execute(age, &[&frozen]).await.unwrap();
        other.heartbeat(&other_hub).await.unwrap();
        let left = watcher.next("presence").await;
        assert_eq!((&left["event"], &left["member"]["user_id"]), (&json!("leave"), &json!("alice")));
        presence.heartbeat(&hub).await.unwrap();
        let back = watcher.next("presence").await;
        assert_eq!((&back["event"], &back["member"]["socket_id"]), (&json!("join"), &json!(*here.socket.id)));
        presence.leave_all(&here.socket).await;
        assert_eq!(watcher.next("presence").await["event"], "leave");
    });
}
