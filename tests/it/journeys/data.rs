//! `ctx.db` and `ctx.idempotency` from JavaScript to PostgreSQL and back: nested transactions, impersonation,
//! streaming results, and idempotent work.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

const SCHEMA: &str = "CREATE TABLE notes (owner text DEFAULT current_user_id(), body text);
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO butterbase_user
        USING (owner = (SELECT current_user_id())) WITH CHECK (owner = (SELECT current_user_id()));
    CREATE TABLE counts (x int PRIMARY KEY, n int NOT NULL); INSERT INTO counts VALUES (1, 0), (2, 0)";

async fn prepare() -> TestApp {
    let app = TestApp::new().await;
    app.manage("POST", "/sql").json(json!({ "sql": SCHEMA })).ok().await;
    app
}

/// A public function with this body.
async fn deploy(app: &TestApp, name: &str, auth: &str, body: &str) {
    let code = format!("export default async (req, ctx) => {{ {body} }}");
    let trigger = json!({ "trigger": { "type": "http", "config": { "auth": auth } }, "memoryLimitMb": 32 });
    app.deploy_with(name, &code, trigger).await;
}

#[test]
fn a_transaction_within_one() {
    run(async {
        let app = prepare().await;
        deploy(
            &app,
            "nested",
            "none",
            "const { tx, query } = ctx.db;
             const bodies = await tx(async (outer) => {
                await outer.query(\"INSERT INTO notes (body) VALUES ('outer')\");
                for (const body of ['kept', 'undone', 'kept too']) {
                    await outer.tx(async (inner) => {
                        await inner.sql`INSERT INTO notes (body) VALUES (${body})`;
                        await inner.tx(async (innermost) => { await innermost.query('SELECT 1/0') }).catch((error) => { if (error.code !== '22012') throw error });
                        if (body === 'undone') throw new Error(body);
                    }).catch(() => {});
                }
                return (await outer.query('SELECT body FROM notes ORDER BY ctid')).rows.map((row) => row.body);
             });
             const code = await tx(async (outer) => { await outer.tx(async () => { await outer.query('SELECT 1') }) }).catch((error) => error.code);
             return Response.json({ bodies, code, after: (await query('SELECT count(*)::int AS n FROM notes')).rows[0].n })",
        )
        .await;
        let expected = json!({ "bodies": ["outer", "kept", "kept too"], "code": "25002", "after": 3 });
        assert_eq!(app.call("POST", "nested").ok().await, expected);
    });
}

#[test]
fn impersonation_is_for_the_service_role() {
    run(async {
        let app = prepare().await;
        let body = "const who = (db) => db.sql`SELECT current_user::text AS role, current_user_id() AS id`.then((r) => r.rows[0]);
            try {
                const seen = await ctx.db.asUser('alice', async (db) => {
                    await db.tx(async (tx) => { await tx.query(\"INSERT INTO notes (body) VALUES ('hers')\") });
                    const rows = []; for await (const row of db.stream('SELECT owner, body FROM notes')) rows.push(row);
                    return [await who(db), rows];
                });
                return Response.json([seen, await ctx.db.asAnon(who), await who(ctx.db)]);
            } catch (error) { return Response.json({ code: error.code }) }";
        deploy(&app, "eyes", "optional", body).await;
        let seen = app.call("POST", "eyes").key(&app.service_key).ok().await;
        assert_eq!(
            seen,
            json!([
                [{ "role": "butterbase_user", "id": "alice" }, [{ "owner": "alice", "body": "hers" }]],
                { "role": "butterbase_anon", "id": null },
                { "role": "butterbase_service", "id": null }
            ])
        );
        // An end user who calls the same function may not impersonate.
        let refused = json!({ "code": "AUTH_IMPERSONATION_FORBIDDEN" });
        let token = app.token("bob").await;
        assert_eq!(app.call("POST", "eyes").key(&token).ok().await, refused);
        let as_user = app.call("POST", "eyes").key(&app.service_key).header("x-butterbase-as-user", "bob");
        assert_eq!(as_user.ok().await, refused);
        assert_eq!(app.call("POST", "eyes").key(&app.anon_key).ok().await, refused);
    });
}

#[test]
fn a_million_rows_pass_through_32_megabytes() {
    run(async {
        let app = prepare().await;
        let stream = |rows: u32| {
            format!(
                "let n = 0, sum = 0; for await (const row of ctx.db.stream('SELECT n, repeat($1, 20) AS body FROM generate_series(1, {rows}) n', ['x'])) {{ n++; sum += row.n }}
                 return Response.json([n, sum])"
            )
        };
        deploy(&app, "few", "none", &stream(10_000)).await;
        deploy(&app, "million", "none", &stream(1_000_000)).await;
        assert_eq!(app.call("POST", "few").ok().await, json!([10_000, 50_005_000]));
        assert_eq!(app.call("POST", "million").ok().await, json!([1_000_000, 500_000_500_000_i64]));
        let memory = async |name: &str| app.logs(name).await[0]["memoryUsed"].as_u64().unwrap();
        // The same memory for a million rows as for ten thousand.
        let (few, million) = (memory("few").await, memory("million").await);
        assert!(million <= few + (1 << 20), "{few} bytes for 10,000 rows, {million} for 1,000,000");
    });
}

#[test]
fn work_is_idempotent_for_every_caller() {
    run(async {
        let app = prepare().await;
        let body = "const key = await req.text();
            try {
                const result = await ctx.idempotency.run(key, { scope: 'work', ttlSeconds: 3600 }, async (tx) => {
                    const { rows: [row] } = await tx.query('UPDATE counts SET n = n + 1 WHERE x = 1 RETURNING n');
                    if (key === 'fails') throw new Error('no');
                    return { n: row.n, role: (await tx.query('SELECT current_user::text AS role')).rows[0].role };
                });
                return Response.json(result);
            } catch (error) { return Response.json({ failed: error.message }) }";
        deploy(&app, "work", "optional", body).await;
        let token = app.token("alice").await;
        let callers = [
            ("no credentials", None, "butterbase_service"),
            ("service", Some(app.service_key.as_str()), "butterbase_service"),
            ("user", Some(token.as_str()), "butterbase_user"),
            ("anon", Some(app.anon_key.as_str()), "butterbase_anon"),
        ];
        for (place, (name, key, role)) in callers.into_iter().enumerate() {
            let ask = |body: &'static str| {
                let ask = app.call("POST", "work").body(body);
                match key {
                    Some(key) => ask.key(key),
                    None => ask,
                }
            };
            let expected: Value = json!({ "n": place + 1, "role": role });
            assert_eq!(ask(name).ok().await, expected);
            assert_eq!(ask(name).ok().await, expected, "again");
            assert_eq!(ask("fails").ok().await, json!({ "failed": "no" }));
        }
    });
}
