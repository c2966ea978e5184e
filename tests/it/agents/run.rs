//! Code that runs once: what it answers, what it may, and what is refused.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::run;
use support::origin::Origin;

use super::{call_as, done, failed};

async fn ran(app: &TestApp, body: Value) -> Value {
    app.manage("POST", "/run").json(body).ok().await
}

/// What code answers that has these capabilities and must not fail.
async fn answer(app: &TestApp, code: &str, capabilities: Value) -> Value {
    let ran = ran(app, json!({ "code": code, "capabilities": capabilities })).await;
    assert_eq!(ran["error"], Value::Null, "{ran}");
    ran["body"].clone()
}

#[test]
fn code_is_a_script_or_a_module() {
    run(async {
        let app = TestApp::new().await;
        let first = ran(
            &app,
            json!({ "code": "interface A { a: number }\nconst x: A = input;\nconsole.log('x is', x);\nreturn { twice: 2 * x.a }",
                "input": { "a": 21 } }),
        )
        .await;
        assert_eq!((&first["status"], &first["body"]), (&json!(200), &json!({ "twice": 42 })), "{first}");
        assert_eq!(first["logs"][0]["message"], "x is { a: 21 }");
        assert!(first["fuel"].as_u64().unwrap() > 0 && first["duration_ms"].is_number());
        assert!(first["invocation_id"].as_str().unwrap().starts_with("inv_"));
        for (code, status, body) in [
            ("return 'text'", 200, json!("text")),
            ("return null", 200, json!(null)),
            ("", 204, json!(null)),
            ("return new Response('made', { status: 201 })", 201, json!("made")),
            ("const input = 5; const req = 1; return input + req", 200, json!(6)),
            ("export default async () => Response.json({ module: true })", 200, json!({ "module": true })),
            (
                "export async function handler(req) { return Response.json(await req.json()) }",
                200,
                json!({ "sent": 1 }),
            ),
            ("export type A = string; return 'typed'", 200, json!("typed")),
            (
                "return [req.method, new URL(req.url).pathname.endsWith('/run'), ctx.trigger.type]",
                200,
                json!(["POST", true, "run"]),
            ),
            (
                "import { createHash } from 'node:crypto';
              export default () => new Response(createHash('md5').update('a').digest('hex'))",
                200,
                json!("0cc175b9c0f1b6a831c399e269772661"),
            ),
        ] {
            let ran =
                ran(&app, json!({ "code": if code.is_empty() { ";" } else { code }, "body": { "sent": 1 } }))
                    .await;
            assert_eq!((&ran["status"], &ran["body"]), (&json!(status), &body), "{code}: {ran}");
        }
        let put = ran(
            &app,
            json!({ "code": "return [req.method, req.headers.get('x-a')]", "method": "put",
            "headers": { "X-A": "b" } }),
        )
        .await;
        assert_eq!(put["body"], json!(["PUT", "b"]));
    });
}

#[test]
fn a_failure_names_the_line_that_was_sent() {
    run(async {
        let app = TestApp::new().await;
        let thrown = ran(
            &app,
            json!({ "code": "const a: number = 1;\nconsole.log('before');\nthrow new Error('number ' + a);" }),
        )
        .await;
        let error = &thrown["error"];
        assert_eq!((&thrown["status"], &error["code"]), (&Value::Null, &json!("FUNCTION_THREW")), "{thrown}");
        assert!(error["message"].as_str().unwrap().contains("number 1"), "{error}");
        assert!(error["stack"].as_str().unwrap().contains("run.ts:3:"), "{error}");
        assert!(error["remediation"].is_string() && error["documentation_url"].is_string());
        assert_eq!(thrown["logs"][0]["message"], "before");
        let within = ran(
            &app,
            json!({ "code": "export function handler() {\n  const x: any = null;\n  return x.y;\n}" }),
        )
        .await;
        assert!(within["error"]["stack"].as_str().unwrap().contains("run.ts:3:"), "{within}");
        let top =
            ran(&app, json!({ "code": "const x: any = null;\nx.y;\nexport default () => new Response('')" }))
                .await;
        assert!(top["error"]["stack"].as_str().unwrap().contains("run.ts:2:"), "{top}");
        let none = ran(&app, json!({ "code": "export const a = 1" })).await;
        assert!(
            none["error"]["message"].as_str().unwrap().contains("no function called 'handler'"),
            "{none}"
        );
        // What does not parse has not run, and has a record all the same.
        let syntax = app.manage("POST", "/run").json(json!({ "code": "const a = 1;\nconst b = ;" }));
        let syntax = syntax.fails(400, "VALIDATION_INVALID_CODE").await.json();
        let details = &syntax["error"]["details"];
        assert_eq!((&details["line"], &details["column"]), (&json!(2), &json!(11)), "{syntax}");
        let records = app.manage("GET", "/run").ok().await;
        assert_eq!(records["logs"].as_array().unwrap().len(), 5, "{records}");
        assert_eq!(records["logs"][4]["trigger"], "run");
        assert!(records["logs"][4]["stack"].as_str().unwrap().contains("run.ts:3:"));
        assert_eq!(records["logs"][0]["id"], syntax["invocation_id"], "{records}");
        assert_eq!(records["logs"][0]["errorCode"], "VALIDATION_INVALID_CODE");
        let id = thrown["invocation_id"].clone();
        let explained = done(&app, "explain_failure", json!({ "app_id": app.id, "invocation_id": id })).await;
        assert_eq!(explained["error"]["code"], "FUNCTION_THREW");
    });
}

#[test]
fn code_that_does_not_compile_counts_against_the_quota() {
    run(async {
        let app = TestApp::new().await;
        let config = async |limits: Value| {
            app.manage("PATCH", "/config").json(json!({ "limits": limits })).ok().await;
        };
        // The engine finds this, and not what strips types.
        let refused = app.manage("POST", "/run").json(json!({ "code": "return /(/" }));
        let refused = refused.fails(400, "VALIDATION_INVALID_CODE").await.json();
        let fuel = refused["error"]["details"]["fuel"].as_u64().unwrap();
        assert!(fuel > 0, "{refused}");
        let record = app.manage("GET", "/run").ok().await["logs"][0].clone();
        assert_eq!((&record["id"], &record["fuel"]), (&refused["invocation_id"], &json!(fuel)), "{record}");
        assert_eq!(record["errorCode"], "VALIDATION_INVALID_CODE");
        // A limit is reached before anything runs, too.
        let long = "globalThis.a = [1, 2, 3];\n".repeat(20_000);
        let limited = app.manage("POST", "/run").json(json!({ "code": long, "limits": { "cpuLimitMs": 1 } }));
        let limited = limited.fails(400, "VALIDATION_INVALID_CODE").await.json();
        let details = &limited["error"]["details"];
        assert_eq!(details["limit"], "FUNCTION_CPU_LIMIT", "{limited}");
        assert!(details["fuel"].as_u64().unwrap() >= 10_000_000, "{limited}");
        config(json!({ "daily_fuel": fuel })).await;
        let stopped = app.manage("POST", "/run").json(json!({ "code": "return 1" }));
        let stopped = stopped.fails(429, "QUOTA_RATE_LIMIT").await.json();
        assert_eq!(stopped["error"]["details"]["quota"], "daily_fuel", "{stopped}");
    });
}

#[test]
fn what_a_deploy_took_counts_against_the_quota() {
    run(async {
        let app = TestApp::new().await;
        app.manage("PATCH", "/config").json(json!({ "limits": { "daily_fuel": 1 } })).ok().await;
        let broken = json!({ "name": "broken", "code": "throw new Error('early'); export default () => 1" });
        let broken =
            app.manage("POST", "/functions").json(broken).fails(400, "VALIDATION_INVALID_CODE").await;
        assert!(broken.json()["error"]["details"]["fuel"].as_u64().unwrap() > 0);
        app.manage("POST", "/run").json(json!({ "code": "return 1" })).fails(429, "QUOTA_RATE_LIMIT").await;
    });
}

#[test]
fn limits_hold_and_can_only_be_lowered() {
    run(async {
        let app = TestApp::new().await;
        let failure = async |code: &str, limits: Value| {
            ran(&app, json!({ "code": code, "limits": limits })).await["error"]["code"].clone()
        };
        assert_eq!(failure("for (;;);", json!({ "cpuLimitMs": 20 })).await, "FUNCTION_CPU_LIMIT");
        assert_eq!(
            failure("await new Promise((done) => setTimeout(done, 5000))", json!({ "timeoutMs": 50 })).await,
            "FUNCTION_TIMEOUT"
        );
        assert_eq!(failure("await new Promise(() => {})", json!({})).await, "FUNCTION_HUNG");
        let greedy = "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))";
        assert_eq!(failure(greedy, json!({ "memoryLimitMb": 16 })).await, "FUNCTION_MEMORY_LIMIT");
        for (body, path) in [
            (json!({ "code": "1", "limits": { "timeoutMs": 30_001 } }), "limits.timeoutMs"),
            (json!({ "code": "1", "limits": { "cpuLimitMs": 10_001 } }), "limits.cpuLimitMs"),
            (json!({ "code": "1", "limits": { "memoryLimitMb": 129 } }), "limits.memoryLimitMb"),
            (json!({ "code": "1", "capabilities": { "db": "all" } }), "capabilities.db"),
            (json!({ "code": "1", "capabilities": { "sql": true } }), "capabilities.sql"),
            (
                json!({ "code": "1", "capabilities": { "fetch": ["https://a.example"] } }),
                "capabilities.fetch[0]",
            ),
            (json!({ "code": "1", "keep": true }), "keep"),
            (json!({ "code": "x".repeat((1 << 20) + 1) }), "code"),
        ] {
            let refused = app.manage("POST", "/run").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert_eq!(refused.json()["error"]["details"]["path"], path);
        }
        // What is nested deep neither ends the server nor runs the next one's code.
        let nested = format!("return {}1{}", "[".repeat(10_000), "]".repeat(10_000));
        app.manage("POST", "/run").json(json!({ "code": nested })).send().await;
        assert_eq!(answer(&app, "return 1", json!({})).await, 1);
    });
}

#[test]
fn nothing_is_there_that_was_not_asked_for() {
    run(async {
        let app = TestApp::new().await;
        app.manage("PATCH", "/env")
            .json(json!({ "envVars": { "A": "secret a", "B": "secret b" } }))
            .ok()
            .await;
        app.deploy("other", "export default () => new Response('other')").await;
        let tried = "const failed = {};
            const attempt = async (name, work) => {
              try { failed[name] = ['done', String(await work())] } catch (error) { failed[name] = [error.code ?? error.cause?.code, error.message] }
            };
            await attempt('db', () => ctx.db.query('SELECT 1'));
            await attempt('tx', () => ctx.db.tx((tx) => tx.query('SELECT 1')));
            await attempt('claim', () => ctx.idempotency.claim('a'));
            await attempt('enqueue', () => ctx.enqueue('other', {}));
            await attempt('invoke', () => ctx.invoke('other'));
            await attempt('sibling', () => fetch('mayfly-sibling:other'));
            await attempt('get', () => ctx.storage.get('b', 'k'));
            await attempt('put', () => ctx.storage.put('b', 'k', 'x'));
            await attempt('raw', () => fetch('mayfly-storage:put/b/k', { method: 'PUT', body: 'x' }));
            await attempt('broadcast', () => ctx.broadcast('c', {}));
            await attempt('fetch', () => fetch('https://example.com/'));
            await attempt('tool', () => tools.other({}));
            return { failed, env: Object.keys(ctx.env) }";
        let body = answer(&app, tried, json!({})).await;
        assert_eq!(body["env"], json!([]));
        for (name, failure) in body["failed"].as_object().unwrap() {
            assert_ne!(failure[0], "done", "{name}: {failure}");
        }
        for name in ["invoke", "sibling", "get", "put", "raw"] {
            assert_eq!(body["failed"][name][0], "CAPABILITY_DENIED", "{body}");
        }
        assert_eq!(body["failed"]["fetch"][0], "EGRESS_DENIED", "{body}");
        assert_eq!(body["failed"]["tool"][0], "RESOURCE_NOT_FOUND", "{body}");
        // Named, they are there, and what is beside them is not.
        let env = answer(&app, "return { ...ctx.env }", json!({ "env": ["A", "C"] })).await;
        assert_eq!(env, json!({ "A": "secret a" }));
        let invoked = "const one = await (await ctx.invoke('other')).text();
            const two = await ctx.invoke('another').catch((error) => error.code ?? error.cause?.code);
            return [one, two]";
        let invoked = answer(&app, invoked, json!({ "functions": ["other"] })).await;
        assert_eq!(invoked, json!(["other", "CAPABILITY_DENIED"]));
        let job =
            answer(&app, "return (await ctx.enqueue('other', {})).id", json!({ "enqueue": ["other"] })).await;
        assert!(job.as_str().unwrap().starts_with("job_"), "{job}");
        // What a variable holds is in no log.
        let logged =
            ran(&app, json!({ "code": "console.log(ctx.env.A)", "capabilities": { "env": ["A"] } })).await;
        let log =
            app.manage("GET", &format!("/run?invocation={}", logged["invocation_id"].as_str().unwrap()));
        assert_eq!(log.ok().await["logs"][0]["consoleLogs"][0]["message"], "[A]");
    });
}

#[test]
fn a_read_only_database_cannot_be_changed_by_any_way() {
    run(async {
        let app = TestApp::new().await;
        let sql = "CREATE TABLE notes (id int PRIMARY KEY, body text); INSERT INTO notes VALUES (1, 'first');
            CREATE SEQUENCE counted;
            CREATE FUNCTION sneak() RETURNS int LANGUAGE sql AS $$ INSERT INTO notes VALUES (9, 'sneaked') RETURNING id $$";
        app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
        let writer = "export default async (req, ctx) => {
            await ctx.db.query(\"INSERT INTO notes VALUES (7, 'by a sibling')\"); return new Response('wrote') }";
        app.deploy("writer", writer).await;
        let code = "const tried = [];
            const attempt = async (work) => { try { await work(); tried.push('done') } catch (error) { tried.push(error.code) } };
            const insert = \"INSERT INTO notes VALUES (2, 'second')\";
            await attempt(() => ctx.db.query(insert));
            await attempt(() => ctx.db.query(`WITH made AS (${insert} RETURNING id) SELECT * FROM made`));
            await attempt(() => ctx.db.query('SELECT sneak()'));
            await attempt(() => ctx.db.query(\"SELECT nextval('counted')\"));
            await attempt(() => ctx.db.query('SELECT * FROM notes FOR UPDATE'));
            await attempt(() => ctx.db.tx((tx) => tx.query(insert)));
            await attempt(() => ctx.db.tx((tx) => tx.query(insert), { readOnly: false }));
            await attempt(() => ctx.db.tx((tx) => tx.tx((inner) => inner.query(insert))));
            await attempt(() => ctx.db.asUser('ann', (db) => db.query(insert)));
            await attempt(() => ctx.db.query('SET transaction_read_only = off'));
            await attempt(() => ctx.db.query('COMMIT'));
            await attempt(() => ctx.db.query(\"SELECT set_config('transaction_read_only', 'off', false)\"));
            await attempt(() => ctx.db.query(\"SELECT set_config('default_transaction_read_only', 'off', false)\"));
            await attempt(() => ctx.db.tx(async (tx) => { await tx.query('SET LOCAL transaction_read_only = off'); await tx.query(insert) }));
            await attempt(() => ctx.idempotency.claim('k'));
            await attempt(async () => { const answer = await ctx.invoke('writer'); if (!answer.ok) throw { code: answer.status } });
            const { rows } = await ctx.db.query('SELECT id FROM notes ORDER BY id');
            const inside = await ctx.db.tx(async (tx) => (await tx.query('SELECT count(*) AS n FROM notes')).rows[0].n);
            return { tried, rows, inside }";
        let body = answer(&app, code, json!({ "db": "read_only", "functions": ["writer"] })).await;
        let tried = body["tried"].as_array().unwrap();
        assert!(tried.len() == 16 && tried.iter().all(|outcome| outcome != "done"), "{body}");
        assert_eq!(tried[..3], [json!("25006"), json!("25006"), json!("25006")], "{body}");
        assert_eq!((&body["rows"], &body["inside"]), (&json!([{ "id": 1 }]), &json!(1)), "{body}");
        let code = "await ctx.db.query(\"INSERT INTO notes VALUES (3, 'third')\"); return (await ctx.db.query('SELECT count(*) AS n FROM notes')).rows[0].n";
        assert_eq!(answer(&app, code, json!({ "db": "read_write" })).await, 2);
    });
}

#[test]
fn only_the_hosts_and_methods_that_were_asked_for_are_reached() {
    run(async {
        let node = Node::start(|config| config.fetch_allow = vec!["127.0.0.1/32".parse().unwrap()]).await;
        let app = node.app().await;
        let origin = Origin::start("hi").await;
        let other = Origin::start("hi").await;
        let code = format!(
            "const ask = (url, method) => fetch(url, {{ method }}).then((answer) => answer.status, (error) => error.code ?? error.cause?.code);
             return [await ask('{0}', 'GET'), await ask('{0}', 'POST'), await ask('{1}', 'GET')]",
            origin.url("/"),
            other.url("/")
        );
        let host = format!("127.0.0.1:{}", origin.address.port());
        let body = answer(&app, &code, json!({ "fetch": [host], "fetch_methods": ["GET"] })).await;
        assert_eq!(body, json!([200, "CAPABILITY_DENIED", "EGRESS_DENIED"]));
        node.shutdown().await;
    });
}

#[test]
fn the_same_code_is_compiled_once_and_evaluated_each_time() {
    run(async {
        let app = TestApp::new().await;
        let code = "globalThis.count = (globalThis.count ?? 0) + 1; return globalThis.count";
        let first = ran(&app, json!({ "code": code })).await;
        let again = ran(&app, json!({ "code": code })).await;
        assert_eq!((&first["body"], &again["body"]), (&json!(1), &json!(1)), "nothing is left of the first");
        assert!(first["fuel"].as_u64().unwrap() > again["fuel"].as_u64().unwrap(), "{first} {again}");
        assert_ne!(first["invocation_id"], again["invocation_id"]);
    });
}

#[test]
fn it_takes_the_scope_and_a_user_is_a_user() {
    run(async {
        let app = TestApp::new().await;
        let key = async |scopes: Value| {
            let made = app.manage("POST", "/keys").json(json!({ "scopes": scopes })).ok().await;
            made["key"].as_str().unwrap().to_owned()
        };
        let (runs, not) =
            (key(json!(["run"])).await, key(json!(["read", "deploy", "invoke", "schema"])).await);
        let ask = |key: &str| app.client.post(&app.path("/run")).key(key).json(json!({ "code": "return 1" }));
        assert_eq!(ask(&runs).ok().await["body"], 1);
        ask(&not).fails(403, "AUTH_FORBIDDEN").await;
        // What calls functions takes the scope for that, too.
        for capability in ["functions", "enqueue"] {
            let body = json!({ "code": "1", "capabilities": { capability: ["a"] } });
            let ask = app.client.post(&app.path("/run")).key(&runs).json(body);
            ask.fails(403, "AUTH_FORBIDDEN").await;
        }
        let tool = json!({ "code": "return tools.a().catch((error) => error.code ?? error.cause?.code)" });
        let tool = app.client.post(&app.path("/run")).key(&runs).json(tool).ok().await;
        assert_eq!(tool["body"], "CAPABILITY_DENIED");
        let other = TestApp::new().await;
        ask(&other.service_key).fails(404, "RESOURCE_NOT_FOUND").await;
        let code = "return [ctx.user?.id ?? null, (await ctx.db.query('SELECT current_user_id() AS id')).rows[0].id]";
        let as_user = app.manage("POST", "/run").header("x-butterbase-as-user", "ann");
        let as_user = as_user.json(json!({ "code": code, "capabilities": { "db": "read_only" } })).ok().await;
        assert_eq!(as_user["body"], json!(["ann", "ann"]));
        // The app's switch holds for it, too.
        app.manage("PATCH", "/config").json(json!({ "paused": true })).ok().await;
        ask(&runs).fails(503, "APP_PAUSED").await;
    });
}

#[test]
fn the_tool_answers_as_the_route_and_is_audited() {
    run(async {
        let app = TestApp::new().await;
        let of = |code: &str| json!({ "app_id": app.id, "code": code, "input": [1, 2] });
        let ran = done(&app, "run_code", of("return input.length")).await;
        assert_eq!((&ran["status"], &ran["body"]), (&json!(200), &json!(2)), "{ran}");
        let thrown = super::call(&app, "run_code", of("throw new TypeError('no')")).await;
        assert_eq!(thrown["isError"], true);
        assert_eq!(thrown["structuredContent"]["error"]["code"], "FUNCTION_THREW", "{thrown}");
        assert!(thrown["structuredContent"]["error"]["stack"].as_str().unwrap().contains("run.ts:1:"));
        failed(&app, "run_code", of("return ("), "VALIDATION_INVALID_CODE").await;
        let mut unknown = of("return 1");
        unknown["timeout"] = 5.into();
        failed(&app, "run_code", unknown, "VALIDATION_INVALID_SCHEMA").await;
        let reader = app.manage("POST", "/keys").json(json!({ "scopes": ["read"] })).ok().await;
        let refused = call_as(&app, reader["key"].as_str().unwrap(), "run_code", of("return 1")).await;
        assert_eq!(refused["structuredContent"]["code"], "AUTH_FORBIDDEN");
        let entries = app.manage("GET", "/audit").ok().await["entries"].clone();
        let of_run: Vec<&Value> =
            entries.as_array().unwrap().iter().filter(|entry| entry["tool"] == "run_code").collect();
        let first = of_run.last().unwrap();
        assert_eq!((&first["decision"], &first["succeeded"]), (&json!("allowed"), &json!(true)), "{first}");
        assert_eq!(first["invocation_id"], ran["invocation_id"]);
        assert_eq!(of_run[of_run.len() - 2]["error_code"], "FUNCTION_THREW");
    });
}

#[test]
fn the_command_line_runs_a_file_or_its_input() {
    run(async {
        let app = TestApp::new().await;
        let mayfly = async |arguments: &[&str], stdin: &str| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
            command
                .arg("run")
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            command.env("MAYFLY_URL", format!("http://{}", app.client.address()));
            command.env("MAYFLY_KEY", &app.service_key).env("MAYFLY_APP", &app.id);
            let stdin = stdin.to_owned();
            let run = move || {
                let mut child = command.spawn().unwrap();
                child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
                child.wait_with_output().unwrap()
            };
            tokio::task::spawn_blocking(run).await.unwrap()
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "console.log('seen'); return { n: input + 1 }").unwrap();
        let output = mayfly(&[file.path().to_str().unwrap(), "--input", "41"], "").await;
        let (data, chatter) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(serde_json::from_str::<Value>(&data).unwrap(), json!({ "n": 42 }), "{chatter}");
        assert!(output.status.success() && chatter.contains("log seen"), "{chatter}");
        let output =
            mayfly(&["-", "--db", "read_only"], "return (await ctx.db.query('SELECT 7 AS n')).rows[0].n")
                .await;
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "7");
        let output = mayfly(&["-"], "throw new Error('no')").await;
        assert_eq!(output.status.code(), Some(8));
        assert!(String::from_utf8_lossy(&output.stderr).contains("run.ts:1:"), "{output:?}");
        assert_eq!(mayfly(&["-", "--db", "all"], "1").await.status.code(), Some(5));
        assert_eq!(mayfly(&["no-such-file.ts"], "").await.status.code(), Some(2));
        assert_eq!(mayfly(&["-"], "return (").await.status.code(), Some(5));
    });
}
