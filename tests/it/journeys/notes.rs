//! Two apps, two users each, a table with a policy: by token each user sees their own rows, by service key all rows,
//! and no SQL of the function changes that.

use serde_json::{Value, json};
use support::app::TestApp;
use support::cluster::run;

const SCHEMA: &str = "CREATE TABLE notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        owner text NOT NULL DEFAULT current_user_id(), body text NOT NULL);
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes TO butterbase_user
        USING (owner = (SELECT current_user_id())) WITH CHECK (owner = (SELECT current_user_id()));";

const NOTES: &str = "export default async (req, ctx) => {
    if (req.method === 'POST') {
        await ctx.db.query('INSERT INTO notes (body) VALUES ($1)', [await req.text()]);
    }
    const { rows } = await ctx.db.query('SELECT owner, body FROM notes ORDER BY id');
    return Response.json(rows);
}";

/// Runs the SQL that it is sent: a deliberate injection.
const INJECTED: &str = "export default async (req, ctx) => {
    try { return Response.json((await ctx.db.query(await req.text())).rows); }
    catch (error) { return Response.json({ code: error.code }); }
}";

async fn prepare() -> TestApp {
    let app = TestApp::new().await;
    app.manage("POST", "/sql").json(json!({ "sql": SCHEMA })).ok().await;
    let required = json!({ "trigger": { "type": "http", "config": { "auth": "required" } } });
    app.deploy_with("notes", NOTES, required.clone()).await;
    app.deploy_with("injected", INJECTED, required).await;
    app
}

#[test]
fn each_user_sees_their_own_notes_alone() {
    run(async {
        let apps = [prepare().await, prepare().await];
        let mut tokens = Vec::new();
        for (place, app) in apps.iter().enumerate() {
            for user in ["alice", "bob"] {
                let token = app.token(user).await;
                let body = format!("{user}'s in app {place}");
                app.call("POST", "notes").key(&token).body(body).ok().await;
                tokens.push((place, user, token));
            }
        }
        for (place, user, token) in &tokens {
            let app = &apps[*place];
            let own = json!([{ "owner": user, "body": format!("{user}'s in app {place}") }]);
            assert_eq!(app.call("GET", "notes").key(token).ok().await, own);
            for sql in [
                "SELECT owner, body FROM notes ORDER BY id",
                "SELECT owner, body FROM notes WHERE owner <> '' OR true",
                "WITH x AS MATERIALIZED (SELECT current_user_id()) SELECT n.owner, n.body FROM notes n, x",
            ] {
                assert_eq!(app.call("POST", "injected").key(token).body(sql).ok().await, own, "{sql}");
            }
            for sql in [
                "SET ROLE butterbase_service",
                "RESET ROLE",
                "SELECT set_config('role', 'butterbase_service', false)",
                "UPDATE notes SET owner = 'mallory'",
                "INSERT INTO notes (owner, body) VALUES ('mallory', 'x')",
            ] {
                let refused = app.call("POST", "injected").key(token).body(sql).ok().await;
                assert!(refused["code"].is_string(), "{sql}: {refused}");
                assert_eq!(app.call("GET", "notes").key(token).ok().await, own, "after {sql}");
            }
            let other = &apps[1 - place];
            other.call("GET", "notes").key(token).fails(401, "AUTH_INVALID_TOKEN").await;
        }
        for app in &apps {
            let all = app.call("GET", "notes").key(&app.service_key).ok().await;
            let owners: Vec<&Value> = all.as_array().unwrap().iter().map(|row| &row["owner"]).collect();
            assert_eq!(owners, ["alice", "bob"]);
            let as_bob = app.call("GET", "notes").key(&app.service_key).header("X-Butterbase-As-User", "bob");
            assert_eq!(as_bob.ok().await.as_array().unwrap().len(), 1);
        }
    });
}
