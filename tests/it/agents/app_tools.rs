//! Functions as tools, at `/mcp/{app}`: who sees them, what they may, and what their schemas and policies refuse.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

const NOTES: &str = "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner text NOT NULL DEFAULT current_user_id(), body text NOT NULL);
    INSERT INTO notes (owner, body) VALUES ('ann', 'milk'), ('ann', 'bread'), ('bob', 'secret milk');
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO butterbase_user USING (owner = current_user_id()) WITH CHECK (owner = current_user_id())";
const SEARCH: &str = "export default async (req, ctx) => {
    const { text } = await req.json();
    const { rows } = await ctx.db.query(\"SELECT body FROM notes WHERE body LIKE '%' || $1 || '%' ORDER BY id\", [text]);
    return Response.json({ found: rows.map((row) => row.body), user: ctx.user?.id ?? null, trigger: ctx.trigger.type }) }";
const ADD: &str = "export default async (req, ctx) => {
    const { body } = await req.json();
    const { rows } = await ctx.db.query('INSERT INTO notes (owner, body) VALUES (coalesce(current_user_id(), $2), $1) RETURNING id', [body, 'service']);
    return Response.json({ id: rows[0].id }) }";

/// An app with a tool that looks, one that changes something, and one for its developer alone.
async fn app() -> TestApp {
    let app = TestApp::new().await;
    app.manage("POST", "/sql").json(json!({ "sql": NOTES })).ok().await;
    let text = json!({ "type": "object", "properties": { "text": { "type": "string", "maxLength": 20 } },
        "required": ["text"], "additionalProperties": false });
    let found = json!({ "type": "object", "properties": { "found": { "type": "array", "items": { "type": "string" } } },
        "required": ["found"] });
    tool(
        &app,
        "search_notes",
        SEARCH,
        json!({ "agent_tool_description": "Finds notes.", "agent_tool_exposed_to": "end_user",
        "agent_tool_input": text, "agent_tool_output": found }),
    )
    .await;
    tool(
        &app,
        "add_note",
        ADD,
        json!({ "agent_tool_mode": "read_write", "agent_tool_exposed_to": "end_user" }),
    )
    .await;
    tool(
        &app,
        "count_notes",
        "export default async (req, ctx) =>
        Response.json((await ctx.db.query('SELECT count(*) AS n FROM notes')).rows[0].n)",
        json!({}),
    )
    .await;
    app.deploy("hidden", "export default () => new Response('hidden')").await;
    app
}

async fn tool(app: &TestApp, name: &str, code: &str, mut fields: Value) {
    fields["agent_tool"] = true.into();
    app.deploy_with(name, code, fields).await;
}

/// A message to the app's own tools.
async fn message(app: &TestApp, key: &str, query: &str, method: &str, params: Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let ask = app.client.post(&format!("/mcp/{}{query}", app.id));
    let ask = ask.header("accept", "application/json, text/event-stream").json(body).key(key);
    ask.ok().await["result"].clone()
}

async fn call(app: &TestApp, key: &str, name: &str, arguments: Value) -> Value {
    message(app, key, "", "tools/call", json!({ "name": name, "arguments": arguments })).await
}

async fn done(app: &TestApp, key: &str, name: &str, arguments: Value) -> Value {
    let result = call(app, key, name, arguments).await;
    assert_eq!(result["isError"], false, "{result}");
    result["structuredContent"].clone()
}

async fn refused(app: &TestApp, key: &str, name: &str, arguments: Value, code: &str) -> Value {
    let result = call(app, key, name, arguments).await;
    assert_eq!(
        (&result["isError"], &result["structuredContent"]["code"]),
        (&json!(true), &json!(code)),
        "{result}"
    );
    result["structuredContent"].clone()
}

async fn names(app: &TestApp, key: &str, query: &str, params: Value) -> Vec<String> {
    let list = message(app, key, query, "tools/list", params).await;
    let tools = list["tools"].as_array().unwrap().iter();
    tools.map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn set(app: &TestApp, policy: Value) {
    app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key).json(policy).ok().await;
}

async fn bodies(app: &TestApp) -> Value {
    let code =
        "return (await ctx.db.query('SELECT body FROM notes ORDER BY id')).rows.map((row) => row.body)";
    let ran = json!({ "code": code, "capabilities": { "db": "read_only" } });
    app.manage("POST", "/run").json(ran).ok().await["body"].clone()
}

#[test]
fn each_caller_sees_its_tools() {
    run(async {
        let app = app().await;
        let ann = app.token("ann").await;
        assert_eq!(
            names(&app, &app.service_key, "", json!({})).await,
            ["add_note", "count_notes", "search_notes", "run_code"]
        );
        assert_eq!(names(&app, &ann, "", json!({})).await, ["add_note", "search_notes"]);
        // A client narrows the list: by its URL, by each message, or by both.
        assert_eq!(names(&app, &ann, "?functions=search_notes,hidden", json!({})).await, ["search_notes"]);
        let spec = json!({ "_meta": { "graph_spec": { "tools": { "functions": ["count_notes"] } } } });
        assert_eq!(names(&app, &app.service_key, "", spec.clone()).await, ["count_notes", "run_code"]);
        assert_eq!(names(&app, &app.service_key, "?functions=add_note", spec.clone()).await, ["run_code"]);
        let narrowed = json!({ "name": "add_note", "arguments": {}, "_meta": spec["_meta"] });
        let result = message(&app, &app.service_key, "", "tools/call", narrowed).await;
        assert_eq!(result["structuredContent"]["code"], "RESOURCE_NOT_FOUND", "{result}");
        let within = json!({ "name": "run_code", "arguments": { "code": "return tools.search_notes({ text: 'a' })" },
            "_meta": spec["_meta"] });
        let result = message(&app, &app.service_key, "", "tools/call", within).await;
        assert!(
            result["structuredContent"]["error"]["message"].as_str().unwrap().contains("does not exist"),
            "{result}"
        );
        let list = message(&app, &app.service_key, "", "tools/list", json!({})).await;
        let search = &list["tools"][2];
        assert_eq!(
            (&search["description"], &search["annotations"]["readOnlyHint"]),
            (&json!("Finds notes."), &json!(true))
        );
        assert_eq!(search["inputSchema"]["required"], json!(["text"]));
        assert_eq!(search["outputSchema"]["type"], "object");
        let code = list["tools"][3]["description"].as_str().unwrap();
        assert!(
            code.contains("search_notes(args: { text: string; }): Promise<{ found: Array<string>; }>"),
            "{code}"
        );
        assert!(list["tools"][3]["inputSchema"]["properties"]["app_id"].is_null());
        let types = app.manage("GET", "/tools").ok().await;
        assert!(
            types["types"]
                .as_str()
                .unwrap()
                .contains("count_notes(args?: Record<string, unknown>): Promise<any>;")
        );
        // Who is not the app's, is not.
        let other = TestApp::new().await;
        let ask = |key: &str| app.client.post(&format!("/mcp/{}", app.id)).key(key).json(json!({}));
        ask(&other.service_key).fails(404, "RESOURCE_NOT_FOUND").await;
        ask(&other.token("ann").await).fails(401, "AUTH_INVALID_TOKEN").await;
        let nameless =
            app.client.post(&format!("/mcp/{}", app.id)).json(json!({})).fails(401, "AUTH_REQUIRED").await;
        assert!(nameless.header("www-authenticate").contains("resource_metadata"), "{:?}", nameless.headers);
        let twice = ask(&ann).header("authorization", "Bearer x").send().await;
        assert_eq!(twice.status, 401);
    });
}

#[test]
fn an_end_user_sees_their_rows_alone() {
    run(async {
        let app = app().await;
        let (ann, bob) = (app.token("ann").await, app.token("bob").await);
        let of = async |key: &str| done(&app, key, "search_notes", json!({ "text": "milk" })).await;
        assert_eq!(of(&ann).await, json!({ "found": ["milk"], "user": "ann", "trigger": "agent_tool" }));
        assert_eq!(of(&bob).await["found"], json!(["secret milk"]));
        assert_eq!(of(&app.service_key).await["found"], json!(["milk", "secret milk"]));
        refused(&app, &ann, "count_notes", json!({}), "RESOURCE_NOT_FOUND").await;
        refused(&app, &ann, "hidden", json!({}), "RESOURCE_NOT_FOUND").await;
        refused(&app, &ann, "run_code", json!({ "code": "return 1" }), "RESOURCE_NOT_FOUND").await;
        let logs = app.logs("search_notes").await;
        assert_eq!(
            (&logs[0]["trigger"], &logs[1]["caller"]["userId"]),
            (&json!("agent_tool"), &json!("bob")),
            "{logs:?}"
        );
        // A service key acts as a user where the function lets it.
        let acts = async |setting: bool| {
            let patch = json!({ "allow_service_key_impersonation": setting });
            app.manage("PATCH", "/functions/search_notes/settings").json(patch).ok().await;
            let params = json!({ "name": "search_notes", "arguments": { "text": "milk" } });
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
            let ask = app.client.post(&format!("/mcp/{}", app.id)).header("x-butterbase-as-user", "bob");
            let ask = ask.header("accept", "application/json, text/event-stream").json(body);
            ask.key(&app.service_key).ok().await["result"]["structuredContent"].clone()
        };
        assert_eq!(acts(true).await["user"], "bob");
        assert_eq!(acts(false).await["code"], "AUTH_IMPERSONATION_DISABLED");
        let entries = app.manage("GET", "/audit?identity=user:ann").ok().await["entries"].clone();
        assert_eq!(entries.as_array().unwrap().len(), 4, "{entries}");
        assert_eq!(
            (&entries[3]["tool"], &entries[3]["decision"]),
            (&json!("fn:search_notes"), &json!("allowed"))
        );
        assert_eq!(entries[0]["decision"], "refused");
    });
}

#[test]
fn arguments_and_results_are_what_the_schemas_say() {
    run(async {
        let app = app().await;
        let key = &app.service_key;
        for (arguments, place) in [
            (json!({}), "arguments"),
            (json!({ "text": 5 }), "arguments.text"),
            (json!({ "text": "x".repeat(21) }), "arguments.text"),
            (json!({ "text": "a", "more": 1 }), "arguments"),
        ] {
            let problem = refused(&app, key, "search_notes", arguments, "VALIDATION_INVALID_SCHEMA").await;
            assert_eq!(problem["error"]["details"]["path"], place, "{problem}");
        }
        assert!(app.logs("search_notes").await.is_empty(), "nothing ran");
        let output = json!({ "type": "object", "required": ["n"] });
        let wrong = "export default () => Response.json({ m: 'private' })";
        tool(&app, "wrong", wrong, json!({ "agent_tool_output": output })).await;
        let problem = refused(&app, key, "wrong", json!({}), "TOOL_OUTPUT_INVALID").await;
        assert!(
            problem["invocation_id"].is_string() && !problem.to_string().contains("private"),
            "{problem}"
        );
        tool(
            &app,
            "fails",
            "export default () => { throw new Error('card 4242') }",
            json!({ "agent_tool_exposed_to": "end_user" }),
        )
        .await;
        let problem = refused(&app, key, "fails", json!({}), "FUNCTION_THREW").await;
        assert!(problem["error"]["details"]["stack"].as_str().unwrap().contains("fails.ts:1"), "{problem}");
        let problem = refused(&app, &app.token("ann").await, "fails", json!({}), "FUNCTION_THREW").await;
        assert!(!problem.to_string().contains("4242"), "{problem}");
        tool(&app, "none", "export default () => new Response('no', { status: 404 })", json!({})).await;
        let problem = refused(&app, key, "none", json!({}), "FUNCTION_STATUS").await;
        assert_eq!(problem["error"]["details"], json!({ "status": 404, "body": "no" }));
        tool(&app, "text", "export default () => new Response('just text')", json!({})).await;
        let text = call(&app, key, "text", json!({})).await;
        assert_eq!(
            (&text["content"][0]["text"], &text["structuredContent"]),
            (&json!("just text"), &Value::Null)
        );
    });
}

#[test]
fn a_schema_that_cannot_be_kept_is_refused_at_deploy() {
    run(async {
        let app = TestApp::new().await;
        for (schema, why) in [
            (json!([]), "agent_tool_input"),
            (json!({ "type": "nonsense" }), "agent_tool_input"),
            (json!({ "$ref": "https://a.example/s.json" }), "agent_tool_input"),
            (json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/a" } } }), "agent_tool_input"),
            (json!({ "description": "x".repeat(16 << 10) }), "agent_tool_input"),
        ] {
            let body = json!({ "name": "a", "code": "export default () => new Response('')", "agent_tool_input": schema });
            let refused =
                app.manage("POST", "/functions").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
            assert_eq!(refused.json()["error"]["details"]["path"], why);
        }
        let exact = json!({ "description": "x".repeat((16 << 10) - r#"{"description":""}"#.len()) });
        app.deploy_with("a", "export default () => new Response('')", json!({ "agent_tool_input": exact }))
            .await;
        let shown = app.manage("GET", "/functions/a").ok().await;
        assert_eq!(shown["agent_tool_input"], exact);
        let body = json!({ "name": "run_code", "code": "export default () => new Response('')", "agent_tool": true });
        app.manage("POST", "/functions").json(body).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        let patch = json!({ "agent_tool_output": { "minimum": "x" } });
        app.manage("PATCH", "/functions/a/settings")
            .json(patch)
            .fails(400, "VALIDATION_INVALID_SCHEMA")
            .await;
    });
}

#[test]
fn a_read_only_tool_changes_nothing_by_any_way() {
    run(async {
        let app = app().await;
        app.manage("POST", "/storage/buckets").json(json!({ "name": "files" })).ok().await;
        app.deploy("sibling", "export default async (req, ctx) => {
            await ctx.db.query(\"INSERT INTO notes (owner, body) VALUES ('x', 'by a sibling')\"); return new Response('wrote') }").await;
        let code = "export default async (req, ctx) => {
            const tried = {};
            const attempt = async (name, work) => {
              try { await work(); tried[name] = 'done' } catch (error) { tried[name] = error.code ?? error.cause?.code ?? String(error) }
            };
            await attempt('insert', () => ctx.db.query(\"INSERT INTO notes (owner, body) VALUES ('x', 'y')\"));
            await attempt('tx', () => ctx.db.tx((tx) => tx.query(\"DELETE FROM notes\")));
            await attempt('claim', () => ctx.idempotency.claim('a'));
            await attempt('run', () => ctx.idempotency.run('a', {}, () => 1));
            await attempt('enqueue', () => ctx.enqueue('sibling', {}));
            await attempt('put', () => ctx.storage.put('files', 'a', 'x'));
            await attempt('delete', () => ctx.storage.delete('files', 'a'));
            await attempt('presign', () => ctx.storage.presign('files', 'a', { method: 'PUT' }));
            await attempt('broadcast', () => ctx.broadcast('c', {}));
            await attempt('post', () => fetch('http://127.0.0.1:8999/', { method: 'POST' }));
            await attempt('patch', () => fetch('http://127.0.0.1:8999/', { method: 'patch' }));
            await attempt('sibling', async () => { const answer = await ctx.invoke('sibling'); if (!answer.ok) throw new Error('500') });
            const listed = await ctx.storage.list('files');
            const { rows } = await ctx.db.query('SELECT count(*) AS n FROM notes');
            return Response.json({ tried, listed: listed.objects.length, n: rows[0].n }) }";
        tool(&app, "look", code, json!({ "transaction": "invocation" })).await;
        let looked = done(&app, &app.service_key, "look", json!({})).await;
        for (name, outcome) in looked["tried"].as_object().unwrap() {
            assert_ne!(outcome, "done", "{name}: {looked}");
        }
        for name in ["put", "delete", "presign", "post", "patch"] {
            assert_eq!(looked["tried"][name], "CAPABILITY_DENIED", "{looked}");
        }
        assert_eq!(looked["tried"]["insert"], "25006");
        assert_eq!((&looked["listed"], &looked["n"]), (&json!(0), &json!(3)));
        assert_eq!(bodies(&app).await, json!(["milk", "bread", "secret milk"]));
        // The same function by its URL may do all of it.
        let by_url = app.manage("POST", "/functions/sibling/invoke").json(json!({})).ok().await;
        assert_eq!(by_url["body"], "wrote");
    });
}

#[test]
fn what_changes_something_waits_for_a_person_unless_a_policy_names_it() {
    run(async {
        let app = app().await;
        let ann = app.token("ann").await;
        let add = |body: &str| json!({ "body": body });
        let asked = refused(&app, &ann, "add_note", add("butter"), "APPROVAL_REQUIRED").await;
        assert_eq!(asked["error"]["details"]["rule"], "agent_tool_mode", "{asked}");
        assert_eq!(bodies(&app).await.as_array().unwrap().len(), 3);
        let path = format!("/v1/approvals/{}", asked["error"]["details"]["approval_id"].as_str().unwrap());
        let shown = app.client.get(&path).key(&app.admin_key).ok().await;
        assert_eq!((&shown["tool"], &shown["arguments"]), (&json!("fn:add_note"), &add("butter")), "{shown}");
        app.client.post(&path).key(&app.admin_key).json(json!({ "decision": "approve" })).ok().await;
        // An approval is for one call, of one identity, with these arguments.
        refused(&app, &ann, "add_note", add("other"), "APPROVAL_REQUIRED").await;
        refused(&app, &app.token("bob").await, "add_note", add("butter"), "APPROVAL_REQUIRED").await;
        done(&app, &ann, "add_note", add("butter")).await;
        refused(&app, &ann, "add_note", add("butter"), "APPROVAL_REQUIRED").await;
        assert_eq!(bodies(&app).await, json!(["milk", "bread", "secret milk", "butter"]));
        // A default is no word for a tool; a rule is.
        set(&app, json!({ "version": "1", "default": "allow" })).await;
        refused(&app, &ann, "add_note", add("eggs"), "APPROVAL_REQUIRED").await;
        set(
            &app,
            json!({ "version": "1", "default": "allow", "tools": { "fn:add_note": {
            "arguments": { "body": { "max_length": 10 } }, "rate_limit": { "max": 1, "window": 86400 } } } }),
        )
        .await;
        refused(&app, &ann, "add_note", add("far too long for this"), "POLICY_DENIED").await;
        done(&app, &ann, "add_note", add("eggs")).await;
        refused(&app, &ann, "add_note", add("more"), "POLICY_RATE_LIMIT").await;
        set(&app, json!({ "version": "1", "default": "allow", "tools": { "fn:*": { "action": "deny", "reason": "closed" } } })).await;
        let denied = refused(&app, &ann, "search_notes", json!({ "text": "a" }), "POLICY_DENIED").await;
        assert!(denied["detail"].as_str().unwrap().contains("closed"), "{denied}");
        assert_eq!(names(&app, &ann, "", json!({})).await, [""; 0], "what is always denied is not listed");
        let grants = json!({ "role:end_user": { "tools": { "fn:search_notes": {} } } });
        set(&app, json!({ "version": "1", "default": "deny", "grants": grants })).await;
        assert_eq!(names(&app, &ann, "", json!({})).await, ["search_notes"]);
        let put = app.client.ask("PUT", &app.path("/policy")).key(&app.admin_key);
        put.json(json!({ "version": "1", "tools": { "fn:a b": {} } }))
            .fails(400, "VALIDATION_INVALID_SCHEMA")
            .await;
    });
}

#[test]
fn one_script_calls_three_tools_and_each_call_is_its_own() {
    run(async {
        let app = app().await;
        set(&app, json!({ "version": "1", "default": "deny", "tools": { "run_code": {}, "fn:search_notes": {
            "limits": [{ "counter": "searches", "window": "day", "max": 2, "scope": "key" }] }, "fn:count_notes": {} } })).await;
        let code = "const [milk, bread] = [await tools.search_notes({ text: 'milk' }), await tools.search_notes({ text: 'bread' })];
            const all = await tools.count_notes();
            const refused = async (work) => { try { await work(); return 'done' } catch (error) { return error.code } };
            return { milk: milk.found.length, bread: bread.found.length, all,
              third: await refused(() => tools.search_notes({ text: 'x' })),
              denied: await refused(() => tools.add_note({ body: 'x' })),
              wrong: await refused(() => tools.search_notes({ text: 1 })),
              none: await refused(() => tools.hidden({})), list: await refused(() => tools.count_notes([1])) }";
        let ran = done(&app, &app.service_key, "run_code", json!({ "code": code })).await;
        assert_eq!(
            ran["body"],
            json!({ "milk": 2, "bread": 1, "all": 3, "third": "POLICY_RATE_LIMIT", "denied": "POLICY_DENIED",
                "wrong": "VALIDATION_INVALID_SCHEMA", "none": "RESOURCE_NOT_FOUND", "list": "VALIDATION_INVALID_SCHEMA" }),
            "{ran}"
        );
        let entries = app.manage("GET", "/audit").ok().await["entries"].clone();
        let of =
            |tool: &str| entries.as_array().unwrap().iter().filter(|entry| entry["tool"] == tool).count();
        assert_eq!(
            (of("fn:search_notes"), of("fn:count_notes"), of("fn:add_note"), of("run_code")),
            (4, 1, 1, 1),
            "{entries}"
        );
        let logs = app.logs("count_notes").await;
        assert_eq!(logs[0]["parentId"], ran["invocation_id"], "{logs:?}");
        // A tool has no tools, and a run may have none.
        let without = json!({ "code": "return tools.count_notes().catch((error) => error.code)", "capabilities": { "tools": [] } });
        assert_eq!(done(&app, &app.service_key, "run_code", without).await["body"], "RESOURCE_NOT_FOUND");
    });
}

#[test]
fn a_result_has_its_bound() {
    run(async {
        let app = TestApp::new().await;
        let code = "export default async (req) => new Response('x'.repeat((await req.json()).bytes))";
        tool(&app, "long", code, json!({})).await;
        let longest = call(&app, &app.service_key, "long", json!({ "bytes": 1 << 20 })).await;
        assert_eq!(longest["content"][0]["text"].as_str().unwrap().len(), 1 << 20);
        refused(&app, &app.service_key, "long", json!({ "bytes": (1 << 20) + 1 }), "FUNCTION_OUTPUT_LIMIT")
            .await;
        // What code gives a tool is bounded, too.
        let code = "return tools.long({ bytes: 1, more: 'x'.repeat(input) }).catch((error) => error.code ?? error.cause?.code)";
        let given = async |bytes: usize| {
            let body = json!({ "code": code, "input": bytes });
            app.manage("POST", "/run").json(body).ok().await["body"].clone()
        };
        assert_eq!(given((1 << 20) - 30).await, "x");
        assert_eq!(given(1 << 20).await, "PAYLOAD_TOO_LARGE");
    });
}
