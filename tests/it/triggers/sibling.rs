//! `ctx.invoke`: another function of the app, in process, as the same identity, with bounds on depth and cycles.

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;

/// A public function with this body.
async fn deploy(app: &TestApp, name: &str, body: &str) {
    let code = format!("export default async (req, ctx) => {{ {body} }}");
    let trigger = json!({ "trigger": { "type": "http", "config": { "auth": "optional" } } });
    app.deploy_with(name, &code, trigger).await;
}

/// A function that no request reaches.
async fn deploy_inner(app: &TestApp, name: &str, body: &str) {
    let code = format!("export default async (req, ctx) => {{ {body} }}");
    let trigger = json!({ "trigger": { "type": "cron", "config": { "schedule": "0 0 29 2 *" } } });
    app.deploy_with(name, &code, trigger).await;
}

const WHO: &str = "const { rows } = await ctx.db.query('SELECT current_user::text AS role, current_user_id() AS id');
    return Response.json({ method: req.method, path: new URL(req.url).pathname.split('/fn/')[1] + new URL(req.url).search,
        type: req.headers.get('content-type'), body: await req.text(), caller: ctx.caller, user: ctx.user, trigger: ctx.trigger,
        forged: req.headers.get('x-butterbase-as-user'), own: req.headers.get('x-own'), role: rows[0] }, { status: 201 })";

#[test]
fn a_sibling_runs_as_the_same_identity_and_is_recorded_apart() {
    run(async {
        let app = TestApp::new().await;
        deploy_inner(&app, "who", WHO).await;
        deploy(
            &app,
            "outer",
            "const answer = await ctx.invoke('who', { n: 1 }, { path: '/a/b?c=d', headers: { 'X-Own': 'yes',
                 'X-Butterbase-As-User': 'mallory' } });
             return Response.json({ status: answer.status, seen: await answer.json() })",
        )
        .await;
        let token = app.token("alice").await;
        let shown = app.call("POST", "outer").key(&token).ok().await;
        let seen = &shown["seen"];
        assert_eq!(shown["status"], 201);
        assert_eq!((&seen["method"], &seen["path"]), (&json!("POST"), &json!("who/a/b?c=d")));
        assert_eq!((&seen["type"], &seen["body"]), (&json!("application/json"), &json!("{\"n\":1}")));
        assert_eq!(
            (&seen["caller"]["type"], &seen["caller"]["userId"]),
            (&json!("loopback"), &json!("alice"))
        );
        assert_eq!(seen["user"]["id"], "alice");
        assert_eq!(seen["role"], json!({ "role": "butterbase_user", "id": "alice" }));
        assert_eq!((&seen["forged"], &seen["own"]), (&Value::Null, &json!("yes")));
        let trigger = &seen["trigger"];
        assert_eq!(
            (&trigger["type"], &trigger["function"], &trigger["depth"]),
            (&json!("sibling"), &json!("outer"), &json!(1))
        );

        let (outer, inner) = (app.logs("outer").await[0].clone(), app.logs("who").await[0].clone());
        assert_eq!((&inner["trigger"], &inner["caller"]["type"]), (&json!("sibling"), &json!("loopback")));
        assert_eq!((&inner["parentId"], &outer["parentId"]), (&outer["id"], &Value::Null));
        assert_eq!(trigger["invocationId"], outer["id"]);
        assert_eq!((&outer["invokedFuel"], &inner["invokedFuel"]), (&inner["fuel"], &json!(0)));
        assert_eq!(inner["requestId"], outer["requestId"]);

        // Without a user it is the service role, as its caller is.
        let shown = app.call("POST", "outer").key(&app.service_key).ok().await;
        assert_eq!(shown["seen"]["role"]["role"], "butterbase_service");
    });
}

#[test]
fn bodies_of_every_kind_go_there_and_stream_back() {
    run(async {
        let app = TestApp::new().await;
        deploy_inner(&app, "echo", "return new Response(req.body, { headers: { 'x-type': req.headers.get('content-type') ?? '-' } })").await;
        deploy(
            &app,
            "outer",
            "const of = async (body, options) => {
                 const answer = await ctx.invoke('echo', body, options);
                 return [answer.headers.get('x-type'), await answer.text()];
             };
             const stream = new ReadableStream({ async pull(c) { c.enqueue(new TextEncoder().encode('piece ')); this.n = (this.n ?? 0) + 1; if (this.n === 3) c.close() } });
             const large = await (await ctx.invoke('echo', new Uint8Array(3 << 20).fill(7))).arrayBuffer();
             return Response.json([await of(undefined), await of(null), await of('text'), await of([1, 'a']), await of(7), await of(false),
                 await of(new URLSearchParams({ a: '1' })), await of(stream), await of({ a: 1 }, { headers: { 'content-type': 'application/x-own' } }),
                 await of(undefined, { method: 'GET' }), large.byteLength])",
        )
        .await;
        assert_eq!(
            app.call("POST", "outer").ok().await,
            json!([
                ["-", ""],
                ["-", ""],
                ["text/plain;charset=UTF-8", "text"],
                ["application/json", "[1,\"a\"]"],
                ["application/json", "7"],
                ["application/json", "false"],
                ["application/x-www-form-urlencoded;charset=UTF-8", "a=1"],
                ["-", "piece piece piece "],
                ["application/x-own", "{\"a\":1}"],
                ["-", ""],
                3 << 20
            ])
        );
    });
}

#[test]
fn failures_of_a_sibling_have_a_code() {
    run(async {
        let app = TestApp::new().await;
        deploy_inner(&app, "throws", "throw new Error('inner')").await;
        deploy_inner(&app, "spins", "for (;;);").await;
        app.deploy_with("spins", "export default () => { for (;;); }", json!({ "cpuLimitMs": 20 })).await;
        deploy(
            &app,
            "outer",
            "const code = (name, body, options) => ctx.invoke(name, body, options).then((r) => r.status, (error) => error.code ?? error.name);
             return Response.json([await code('throws'), await code('spins'), await code('missing'), await code('no such'), await code(7),
                 await code('throws', 1, { path: 'x' }), await code('throws', 1, { method: 'GET' }), await code('../../admin')])",
        )
        .await;
        assert_eq!(
            app.call("POST", "outer").ok().await,
            json!([
                "FUNCTION_THREW",
                "FUNCTION_CPU_LIMIT",
                "RESOURCE_NOT_FOUND",
                "TypeError",
                "TypeError",
                "TypeError",
                "TypeError",
                "TypeError"
            ])
        );
        // Another app's functions are not there.
        let other = TestApp::new().await;
        deploy(&other, "mine", "return new Response()").await;
        deploy(&app, "thief", "return ctx.invoke('mine').catch((error) => new Response(error.code))").await;
        app.call("POST", "thief").ok_text("RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn cycles_and_depth_are_bounded() {
    run(async {
        let app = TestApp::new().await;
        let next =
            |name: &str| format!("return ctx.invoke('{name}').catch((error) => new Response(error.code))");
        deploy(&app, "self", &next("self")).await;
        app.call("POST", "self").ok_text("INVOKE_CYCLE").await;
        deploy(&app, "ping", &next("pong")).await;
        deploy(&app, "pong", &next("ping")).await;
        app.call("POST", "ping").ok_text("INVOKE_CYCLE").await;
        for depth in 0..6 {
            deploy(&app, &format!("d{depth}"), &next(&format!("d{}", depth + 1))).await;
        }
        deploy(&app, "d6", "return new Response('the end')").await;
        app.call("POST", "d0").ok_text("INVOKE_DEPTH").await;
        app.call("POST", "d2").ok_text("the end").await;
        // Fuel of the whole chain is on the first one's record.
        let record = |name: &'static str| {
            let app = app.clone();
            async move { app.logs(name).await[0].clone() }
        };
        let (first, second) = (record("d2").await, record("d3").await);
        let (fuel, invoked) = (second["fuel"].as_u64().unwrap(), second["invokedFuel"].as_u64().unwrap());
        assert_eq!(first["invokedFuel"].as_u64().unwrap(), fuel + invoked);
    });
}

/// A caller that holds the app's only permit cannot have a second one: it is told, instead of waiting for itself.
#[test]
fn the_apps_concurrency_counts() {
    run(async {
        let node = Node::start(|_| {}).await;
        let app = node.app().await;
        let limits = json!({ "limits": { "concurrency": 1, "queue_timeout_ms": 100 } });
        app.manage("PATCH", "/config").json(limits).ok().await;
        deploy(&app, "inner", "return new Response('ok')").await;
        deploy(&app, "outer", "return ctx.invoke('inner').catch((error) => new Response(error.code))").await;
        app.call("POST", "outer").ok_text("CONCURRENCY_LIMIT").await;
    });
}
