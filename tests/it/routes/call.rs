//! `ANY /v1/{app}/fn/...`.

use mayfly_control::config::TrustedProxies;
use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;

const ECHO: &str = "export default async (req, ctx) => {
    const headers = {};
    for (const [name, value] of req.headers) headers[name] = value;
    return Response.json({ method: req.method, url: req.url, headers, body: await req.text(), user: ctx.user,
        caller: ctx.caller, app: ctx.app, functionName: ctx.request.functionName, ip: ctx.request.ip });
}";

fn http(config: Value) -> Value {
    json!({ "trigger": { "type": "http", "config": config } })
}

#[test]
fn a_function_sees_the_request_as_it_was_made() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("echo", ECHO).await;
        let ask =
            app.call("PATCH", "echo/a%20b//c?d=%26").header("x-mine", "yes").header("host", "api.example:99");
        let seen = ask.body("{ \"spaces\":  1 }").ok().await;
        assert_eq!(seen["method"], "PATCH");
        assert_eq!(seen["url"], format!("http://api.example:99/v1/{}/fn/echo/a%20b//c?d=%26", app.id));
        assert_eq!(seen["body"], "{ \"spaces\":  1 }");
        assert_eq!(seen["headers"]["x-mine"], "yes");
        assert_eq!(seen["app"], json!({ "id": app.id, "name": "test" }));
        assert_eq!((&seen["functionName"], &seen["ip"]), (&json!("echo"), &json!("127.0.0.1")));
    });
}

#[test]
fn the_address_of_a_client_is_what_a_trusted_proxy_says() {
    run(async {
        let here = ["127.0.0.0/8".parse().unwrap()];
        let node = Node::start(|config| config.trusted_proxies = TrustedProxies::new(&here)).await;
        let behind = node.app().await;
        let direct = TestApp::new().await;
        for (app, forwarded, expected) in [
            (&behind, "192.0.2.66, 198.51.100.7, 127.0.0.9", "198.51.100.7"),
            (&behind, "unknown", "127.0.0.1"),
            (&direct, "198.51.100.7", "127.0.0.1"),
        ] {
            app.deploy("echo", ECHO).await;
            let seen = app.call("GET", "echo").header("x-forwarded-for", forwarded).send().await.json();
            assert_eq!(seen["ip"], expected, "{forwarded}");
            assert_eq!(seen["headers"]["x-forwarded-for"], forwarded);
        }
    });
}

#[test]
fn bodies_pass_byte_for_byte_both_ways() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("copy", "export default async (req) => new Response(await req.arrayBuffer())").await;
        let bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
        let answer = app.call("POST", "copy").body(bytes.clone()).send().await;
        assert_eq!(answer.body, bytes);
        let empty = app.call("POST", "copy").send().await;
        assert_eq!((empty.status, empty.body.len()), (200, 0));
    });
}

#[test]
fn a_head_request_reads_the_length_that_a_function_gives() {
    run(async {
        let app = TestApp::new().await;
        app.deploy(
            "file",
            "export default () => new Response(null, { headers: { 'content-length': '12345' } })",
        )
        .await;
        let answer = app.call("HEAD", "file").send().await;
        assert_eq!((answer.status, answer.header("content-length"), answer.body.len()), (200, "12345", 0));
        let counted = app.call("GET", "file").send().await;
        assert_eq!((counted.status, counted.header("content-length")), (200, "0"));
    });
}

#[test]
fn statuses_and_headers_of_the_function_go_out_as_they_are() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default (req) => {
            const status = Number(new URL(req.url).searchParams.get('s'));
            const headers = new Headers([['set-cookie', 'a=1'], ['set-cookie', 'b=2'], ['x-custom', 'caf\\u00e9']]);
            return new Response([204, 304].includes(status) ? null : 'body', { status, headers });
        }";
        app.deploy("status", code).await;
        for (status, body) in
            [(200, "body"), (204, ""), (304, ""), (404, "body"), (418, "body"), (503, "body")]
        {
            let answer = app.call("GET", &format!("status?s={status}")).send().await;
            assert_eq!((answer.status, answer.text().as_str()), (status, body));
            assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 2);
            assert_eq!(answer.headers["x-custom"].as_bytes(), b"caf\xe9");
            assert_eq!(answer.header("x-error-source"), "", "a function's own error is no error of Mayfly's");
            assert!(answer.header("x-invocation-id").starts_with("inv_"));
        }
        let head = app.call("HEAD", "status?s=200").send().await;
        assert_eq!((head.status, head.text().as_str(), head.header("content-length")), (200, "", "4"));
    });
}

#[test]
fn the_table_of_http_auth() {
    run(async {
        let (app, other) = (TestApp::new().await, TestApp::new().await);
        for auth in ["required", "optional", "none"] {
            app.deploy_with(auth, ECHO, http(json!({ "auth": auth }))).await;
        }
        let jwt = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.";
        // Per row: without credentials, a token, this app's key, another app's, this app's anon key, the admin key.
        let credentials = ["", jwt, &app.service_key, &other.service_key, &app.anon_key, &app.admin_key];
        for (auth, expected) in [
            (
                "required",
                [
                    "AUTH_REQUIRED",
                    "AUTH_INVALID_TOKEN",
                    "service_key",
                    "AUTH_INVALID_API_KEY",
                    "AUTH_REQUIRED",
                    "AUTH_INVALID_API_KEY",
                ],
            ),
            (
                "optional",
                [
                    "anonymous",
                    "AUTH_INVALID_TOKEN",
                    "service_key",
                    "AUTH_INVALID_API_KEY",
                    "anonymous",
                    "AUTH_INVALID_API_KEY",
                ],
            ),
            ("none", ["anonymous", "anonymous", "service_key", "anonymous", "anonymous", "anonymous"]),
        ] {
            for (credential, expected) in credentials.iter().zip(expected) {
                let ask = app.call("GET", auth);
                let ask = if credential.is_empty() { ask } else { ask.key(credential) };
                if expected.starts_with("AUTH") {
                    ask.fails(401, expected).await;
                } else {
                    let seen = ask.ok().await;
                    assert_eq!(seen["caller"]["type"], expected, "{auth}");
                    assert_eq!(seen["user"], json!(null));
                }
            }
        }
    });
}

#[test]
fn only_a_service_key_can_act_as_a_user() {
    run(async {
        let (app, other) = (TestApp::new().await, TestApp::new().await);
        app.deploy_with("echo", ECHO, http(json!({ "auth": "none" }))).await;
        let ask = || app.call("GET", "echo").header("X-Butterbase-As-User", "alice");
        let seen = ask().key(&app.service_key).ok().await;
        assert_eq!(seen["user"]["id"], "alice");
        assert_eq!(seen["caller"]["userId"], "alice");
        ask().fails(403, "AUTH_IMPERSONATION_FORBIDDEN").await;
        ask().key(&other.service_key).fails(403, "AUTH_IMPERSONATION_FORBIDDEN").await;
        ask().key(&app.anon_key).fails(403, "AUTH_IMPERSONATION_FORBIDDEN").await;
        ask().key("a.jwt.perhaps").fails(403, "AUTH_IMPERSONATION_FORBIDDEN").await;
        let empty = app.call("GET", "echo").key(&app.service_key).header("X-Butterbase-As-User", " ");
        empty.fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let code = "export default async (req, ctx) =>
            Response.json((await ctx.db.query('SELECT current_user, current_user_id() AS id')).rows[0])";
        app.deploy_with("who", code, http(json!({ "auth": "none" }))).await;
        let who = || app.call("GET", "who");
        assert_eq!(who().ok().await, json!({ "current_user": "butterbase_service", "id": null }));
        let as_user = who().key(&app.service_key).header("X-Butterbase-As-User", "o'brien\"");
        assert_eq!(as_user.ok().await, json!({ "current_user": "butterbase_user", "id": "o'brien\"" }));
        app.deploy_with("strict", ECHO, json!({ "allow_service_key_impersonation": false })).await;
        let strict = app.call("GET", "strict").key(&app.service_key).header("X-Butterbase-As-User", "alice");
        strict.fails(403, "AUTH_IMPERSONATION_DISABLED").await;
    });
}

#[test]
fn a_trigger_names_its_method_and_its_path() {
    run(async {
        let app = TestApp::new().await;
        let config = json!({ "auth": "none", "method": "POST", "path": "/welcome/new" });
        app.deploy_with("greet", "export default () => new Response('hi')", http(config)).await;
        for rest in ["greet", "greet/below", "welcome/new"] {
            assert_eq!(app.call("POST", rest).send().await.text(), "hi", "{rest}");
            let refused = app.call("GET", rest).fails(405, "METHOD_NOT_ALLOWED").await;
            assert_eq!(refused.header("allow"), "POST");
        }
        app.call("POST", "welcome").fails(404, "RESOURCE_NOT_FOUND").await;
        app.call("POST", "welcome/new/er").fails(404, "RESOURCE_NOT_FOUND").await;
        app.call("POST", "/greet").fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn without_an_enabled_http_trigger_there_is_nothing_to_call() {
    run(async {
        let app = TestApp::new().await;
        let off = json!({ "triggers": [{ "type": "http", "config": { "auth": "none" }, "enabled": false }] });
        app.deploy_with("off", ECHO, off).await;
        app.call("GET", "off").key(&app.service_key).fails(404, "RESOURCE_NOT_FOUND").await;
        assert_eq!(app.manage("POST", "/functions/off/invoke").ok().await["status"], 200);
        app.call("GET", "nope").fails(404, "RESOURCE_NOT_FOUND").await;
        let nowhere = app.client.get("/v1/app_aaaaaaaaaaaa/fn/off");
        nowhere.fails(404, "RESOURCE_NOT_FOUND").await;
    });
}

#[test]
fn each_failure_has_its_own_error_and_affects_no_other_call() {
    run(async {
        let app = TestApp::new().await;
        app.deploy("fine", "export default () => new Response('fine')").await;
        let limits = |extra: Value| {
            let mut fields = http(json!({ "auth": "none" }));
            for (name, value) in extra.as_object().unwrap() {
                fields[name] = value.clone();
            }
            fields
        };
        for (name, code, fields, status, error) in [
            ("plain", "export default () => ({ status: 200 })", json!({}), 500, "FUNCTION_NO_RESPONSE"),
            ("hung", "export default () => new Promise(() => {})", json!({}), 500, "FUNCTION_HUNG"),
            ("null", "export default () => { throw null }", json!({}), 500, "FUNCTION_THREW"),
            (
                "spin",
                "export default () => { for (;;) {} }",
                json!({ "cpuLimitMs": 50 }),
                500,
                "FUNCTION_CPU_LIMIT",
            ),
            (
                "slow",
                "export default () => new Promise((r) => setTimeout(r, 60000))",
                json!({ "timeoutMs": 50 }),
                504,
                "FUNCTION_TIMEOUT",
            ),
            (
                "grow",
                "export default () => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)) }",
                json!({ "memoryLimitMb": 32 }),
                500,
                "FUNCTION_MEMORY_LIMIT",
            ),
            (
                "deep",
                "const f = () => f() + 1; export default () => f()",
                json!({}),
                500,
                "FUNCTION_STACK_OVERFLOW",
            ),
        ] {
            app.deploy_with(name, code, limits(fields)).await;
            let failed = app.call("GET", name).fails(status, error).await;
            assert_eq!(failed.header("x-error-source"), "function", "{name}");
            assert_eq!(failed.json()["invocation_id"], failed.header("x-invocation-id"), "{name}");
            assert_eq!(app.call("GET", "fine").send().await.text(), "fine");
        }
    });
}

#[test]
fn a_caller_who_goes_away_does_not_stop_an_invocation() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req, ctx) => {
            await ctx.idempotency.claim('started');
            await new Promise((resolve) => setTimeout(resolve, 150));
            await ctx.idempotency.claim('finished');
            return new Response('late');
        }";
        app.deploy("late", code).await;
        let code = "export default async (req, ctx) =>
            Response.json((await ctx.db.query('SELECT key FROM _idempotency_keys ORDER BY key')).rows.map((row) => row.key))";
        app.deploy("claims", code).await;
        let claims = |expected: Value| {
            let app = app.clone();
            async move {
                while app.call("GET", "claims").ok().await != expected {
                    tokio::task::yield_now().await;
                }
            }
        };
        let mut stream = app.client.connect().await;
        let request = format!("GET {} HTTP/1.1\r\nhost: x\r\n\r\n", app.path("/fn/late"));
        tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
        claims(json!(["started"])).await;
        drop(stream);
        claims(json!(["finished", "started"])).await;
        assert_eq!(app.logs("late").await[0]["statusCode"], 200);
    });
}
