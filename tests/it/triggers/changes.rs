//! The change feed: sockets that follow a table are told of the rows that row-level security shows them, and of no other.

use serde_json::{Value, json};
use support::app::{Node, TestApp};
use support::cluster::{self, run};
use support::socket::TestSocket;
use support::wait::until;

const NOTES: &str = "CREATE TABLE notes (id int PRIMARY KEY, owner text, body text, secret text);
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON notes FOR ALL TO butterbase_user USING (owner = current_user_id());";

/// Runs statements of its caller, one after the other; more than one in a transaction.
const WRITE: &str = "export default async (req, ctx) => {
    const { sql, fails } = await req.json();
    if (sql.length === 1) return Response.json((await ctx.db.query(sql[0])).rows);
    try {
        await ctx.db.tx(async (tx) => {
            for (const one of sql) await tx.query(one);
            if (fails) throw new Error('on purpose');
        });
    } catch (error) { if (!fails) throw error }
    return Response.json([]);
}";

async fn script(app: &TestApp, sql: &str) {
    app.manage("POST", "/sql").json(json!({ "sql": sql })).ok().await;
}

async fn enable(app: &TestApp, table: &str) {
    app.manage("PUT", &format!("/realtime/tables/{table}")).ok().await;
}

async fn app_with(sql: &str, table: &str) -> TestApp {
    let app = TestApp::new().await;
    script(&app, sql).await;
    enable(&app, table).await;
    app.deploy("write", WRITE).await;
    app
}

async fn write(app: &TestApp, sql: &[&str]) {
    app.call("POST", "write").key(&app.service_key).json(json!({ "sql": sql })).ok().await;
}

async fn follow(socket: &mut TestSocket, table: &str) {
    socket.send(json!({ "type": "subscribe", "table": table, "id": 1 })).await;
    assert_eq!(socket.next("subscribed").await, json!({ "type": "subscribed", "table": table, "id": 1 }));
}

/// A change without its time.
async fn change(socket: &mut TestSocket) -> (String, Value, Value) {
    let frame = socket.next("change").await;
    assert!(frame["timestamp"].is_string(), "{frame}");
    (frame["op"].as_str().unwrap().to_owned(), frame["record"].clone(), frame["old_record"].clone())
}

async fn id_of(socket: &mut TestSocket) -> Value {
    change(socket).await.1["id"].clone()
}

#[test]
fn each_subscriber_is_told_of_the_rows_that_it_may_see() {
    run(async {
        let app = app_with(NOTES, "notes").await;
        let mut alice = app.socket(&app.token("alice").await).await;
        let mut bob = app.socket(&app.token("bob").await).await;
        let mut anon = app.socket(&app.anon_key).await;
        let mut service = app.socket(&app.service_key).await;
        for socket in [&mut alice, &mut bob, &mut anon, &mut service] {
            follow(socket, "notes").await;
        }
        let note = |owner: &str, body: &str| json!({ "id": 1, "owner": owner, "body": body, "secret": null });
        write(&app, &["INSERT INTO notes VALUES (1, 'alice', 'one')"]).await;
        let first = ("insert".to_owned(), note("alice", "one"), Value::Null);
        assert_eq!((change(&mut alice).await, change(&mut service).await), (first.clone(), first));
        write(&app, &["UPDATE notes SET body = 'two'"]).await;
        let second = ("update".to_owned(), note("alice", "two"), note("alice", "one"));
        assert_eq!((change(&mut alice).await, change(&mut service).await), (second.clone(), second));
        // It goes out of one's view, and comes into another's.
        write(&app, &["UPDATE notes SET owner = 'bob'"]).await;
        assert_eq!(change(&mut alice).await, ("delete".to_owned(), Value::Null, note("alice", "two")));
        assert_eq!(change(&mut bob).await, ("insert".to_owned(), note("bob", "two"), Value::Null));
        assert_eq!(
            change(&mut service).await,
            ("update".to_owned(), note("bob", "two"), note("alice", "two"))
        );
        write(&app, &["DELETE FROM notes"]).await;
        let last = ("delete".to_owned(), Value::Null, note("bob", "two"));
        assert_eq!((change(&mut bob).await, change(&mut service).await), (last.clone(), last));
        // Those who saw nothing: the first that they hear is an answer to what they say last.
        for socket in [&mut alice, &mut anon] {
            socket.send(json!({ "type": "ping" })).await;
            let heard = socket.frame().await;
            assert_eq!(heard["type"], "pong");
        }
    });
}

#[test]
fn policies_of_every_kind_decide_as_on_the_rows_themselves() {
    run(async {
        let app = app_with(
            "CREATE TABLE members (room int, member text);
             INSERT INTO members VALUES (1, 'alice'), (2, 'alice'), (2, 'bob');
             CREATE FUNCTION is_member(of_room int) RETURNS boolean LANGUAGE sql STABLE
                AS 'SELECT EXISTS (SELECT FROM members WHERE room = of_room AND member = current_user_id())';
             CREATE TABLE messages (id int PRIMARY KEY, room int, text text, hidden boolean DEFAULT false);
             ALTER TABLE messages ENABLE ROW LEVEL SECURITY;
             CREATE POLICY by_subquery ON messages FOR SELECT TO butterbase_user
                USING (EXISTS (SELECT FROM members m WHERE m.room = messages.room AND m.member = current_user_id()) AND id < 100);
             CREATE POLICY by_function ON messages FOR ALL TO butterbase_user USING (is_member(room) AND id >= 100);
             CREATE POLICY by_row ON messages FOR SELECT TO public USING (messages IS NOT NULL AND room = 9);
             CREATE POLICY never_hidden ON messages AS RESTRICTIVE FOR ALL TO public USING (NOT hidden);
             CREATE POLICY writes ON messages FOR INSERT TO butterbase_user WITH CHECK (true);",
            "messages",
        )
        .await;
        let mut bob = app.socket(&app.token("bob").await).await;
        let mut anon = app.socket(&app.anon_key).await;
        follow(&mut bob, "messages").await;
        follow(&mut anon, "messages").await;
        let insert = "INSERT INTO messages VALUES (1, 1, 'no member', false), (2, 2, 'by subquery', false), (3, 2, 'hidden', true),
            (100, 2, 'by function', false), (101, 1, 'no member', false), (4, 9, 'by row', false), (5, 9, NULL, false)";
        write(&app, &[insert]).await;
        let seen = "SELECT id FROM messages ORDER BY id";
        let rows =
            app.call("POST", "write").key(&app.token("bob").await).json(json!({ "sql": [seen] })).ok().await;
        assert_eq!(rows, json!([{ "id": 2 }, { "id": 4 }, { "id": 100 }]), "what PostgreSQL itself shows");
        for id in [2, 100, 4] {
            assert_eq!(id_of(&mut bob).await, id);
        }
        assert_eq!(id_of(&mut anon).await, 4);
        // Policies that change are those that decide.
        script(&app, "ALTER POLICY by_row ON messages USING (room = 8)").await;
        write(&app, &["INSERT INTO messages VALUES (6, 9, 'x'), (7, 8, 'y')"]).await;
        assert_eq!((id_of(&mut bob).await, id_of(&mut anon).await), (json!(7), json!(7)));
        // One that fails shows nothing, and says so.
        script(&app, "ALTER POLICY by_row ON messages USING (1 / (room - 8) = 0)").await;
        write(&app, &["INSERT INTO messages VALUES (8, 8, 'z')"]).await;
        assert_eq!(anon.next("warning").await["code"], "CHANGES_MISSED");
    });
}

#[test]
fn columns_that_a_role_may_not_read_are_left_out() {
    run(async {
        let app = app_with(
            "CREATE TABLE people (id int PRIMARY KEY, name text, salary int);
             REVOKE SELECT ON people FROM butterbase_user, butterbase_anon;
             GRANT SELECT (id, name) ON people TO butterbase_user;",
            "people",
        )
        .await;
        let mut user = app.socket(&app.token("alice").await).await;
        let mut anon = app.socket(&app.anon_key).await;
        follow(&mut user, "people").await;
        follow(&mut anon, "people").await;
        write(&app, &["INSERT INTO people VALUES (1, 'Ann', 100)"]).await;
        assert_eq!(change(&mut user).await.1, json!({ "id": 1, "name": "Ann" }));
        script(&app, "GRANT SELECT (id) ON people TO butterbase_anon").await;
        write(&app, &["INSERT INTO people VALUES (2, 'Ben', 200)"]).await;
        assert_eq!(change(&mut anon).await.1, json!({ "id": 2 }));
    });
}

#[test]
fn a_filter_takes_the_rows_of_some_values() {
    run(async {
        let app = app_with("CREATE TABLE tasks (id int PRIMARY KEY, list text, done boolean)", "tasks").await;
        let mut socket = app.socket(&app.anon_key).await;
        let filter = json!({ "list": "a", "done": false });
        socket.send(json!({ "type": "subscribe", "table": "tasks", "filter": filter })).await;
        socket.next("subscribed").await;
        write(&app, &["INSERT INTO tasks VALUES (1, 'b', false), (2, 'a', true), (3, 'a', false)"]).await;
        assert_eq!(id_of(&mut socket).await, 3);
        write(&app, &["UPDATE tasks SET done = NOT done WHERE list = 'a'"]).await;
        let (op, _, _) = change(&mut socket).await;
        let (other, _, _) = change(&mut socket).await;
        let mut ops = [op, other];
        ops.sort();
        assert_eq!(ops, ["delete", "insert"], "one goes out of view, one comes into it");
        // Another filter takes the first one's place.
        socket.send(json!({ "type": "subscribe", "table": "tasks", "filter": { "id": 5 } })).await;
        socket.next("subscribed").await;
        write(&app, &["INSERT INTO tasks VALUES (4, 'a', false), (5, 'z', true)"]).await;
        assert_eq!(id_of(&mut socket).await, 5);
        socket.send(json!({ "type": "unsubscribe", "table": "tasks" })).await;
        assert_eq!(socket.next("unsubscribed").await["table"], "tasks");
        for (frame, message) in [
            (json!({ "type": "subscribe", "table": "tasks", "filter": { "id": [1] } }), "filter.id"),
            (json!({ "type": "subscribe", "table": "x".repeat(64) }), "63 bytes"),
            (json!({ "type": "subscribe", "table": "tasks", "channel": "x" }), "excludes"),
        ] {
            socket.send(frame).await;
            let error = socket.next("error").await;
            assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        }
    });
}

#[test]
fn tables_are_switched_on_and_off_by_the_owner() {
    run(async {
        let app = TestApp::new().await;
        script(&app, "CREATE TABLE notes (id int); CREATE VIEW seen AS SELECT * FROM notes").await;
        let mut socket = app.socket(&app.service_key).await;
        for table in ["notes", "missing", "_idempotency_keys", "seen"] {
            socket.send(json!({ "type": "subscribe", "table": table, "id": "s" })).await;
            let warning = socket.next("warning").await;
            assert_eq!(
                (&warning["code"], &warning["table"], &warning["id"]),
                (&json!("TABLE_NOT_REALTIME_ENABLED"), &json!(table), &json!("s"))
            );
        }
        for table in ["missing", "_idempotency_keys", "seen", "Notes", "mayfly.jobs"] {
            app.manage("PUT", &format!("/realtime/tables/{table}")).fails(404, "RESOURCE_NOT_FOUND").await;
        }
        let long = format!("/realtime/tables/{}", "x".repeat(64));
        app.manage("PUT", &long).fails(400, "VALIDATION_INVALID_SCHEMA").await;
        app.manage("DELETE", "/realtime/tables/notes").fails(404, "RESOURCE_NOT_FOUND").await;
        for _ in 0..2 {
            let enabled = app.manage("PUT", "/realtime/tables/notes").ok().await;
            assert_eq!((&enabled["name"], &enabled["exists"]), (&json!("notes"), &json!(true)));
        }
        follow(&mut socket, "notes").await;
        let listed = app.manage("GET", "/realtime/tables").ok().await;
        assert_eq!(listed["tables"].as_array().unwrap().len(), 1);
        assert_eq!(app.manage("DELETE", "/realtime/tables/notes").ok().await, json!({ "tables": [] }));
        assert_eq!(socket.next("warning").await["code"], "TABLE_NOT_REALTIME_ENABLED");
    });
}

#[test]
fn what_is_rolled_back_is_not_told_and_what_is_too_much_is_said() {
    run(async {
        let app = app_with("CREATE TABLE numbers (n int); CREATE TABLE large (t text)", "numbers").await;
        enable(&app, "large").await;
        let mut socket = app.socket(&app.service_key).await;
        follow(&mut socket, "numbers").await;
        follow(&mut socket, "large").await;
        let insert = |n: i32| format!("INSERT INTO numbers VALUES ({n})");
        let failing = json!({ "sql": [insert(1), insert(2)], "fails": true });
        app.call("POST", "write").json(failing).key(&app.service_key).ok().await;
        write(&app, &[&insert(3), &insert(4)]).await;
        for n in [3, 4] {
            assert_eq!(change(&mut socket).await.1, json!({ "n": n }));
        }
        write(&app, &["INSERT INTO numbers SELECT generate_series(1, 900)"]).await;
        for n in 1..=900 {
            assert_eq!(change(&mut socket).await.1, json!({ "n": n }));
        }
        write(&app, &["UPDATE numbers SET n = 0 WHERE false"]).await;
        // More than waits for a client, and more than is recorded.
        for count in [1000, 1001] {
            write(&app, &[&format!("INSERT INTO numbers SELECT generate_series(1, {count})")]).await;
            let warning = socket.frame().await;
            assert_eq!((&warning["code"], &warning["table"]), (&json!("CHANGES_MISSED"), &json!("numbers")));
        }
        let recorded = cluster::endpoint().admin(&app.id).await.unwrap();
        let rows = recorded.query_one("SELECT count(*) FROM mayfly.changes", &[]).await.unwrap();
        assert_eq!(rows.get::<_, i64>(0), 2 + 900 + 1000 + 1);
        script(&app, "TRUNCATE numbers").await;
        assert_eq!(socket.next("warning").await["table"], "numbers");
        write(
            &app,
            &["INSERT INTO large SELECT string_agg(md5(n::text), '') FROM generate_series(1, 8000) n"],
        )
        .await;
        assert_eq!(change(&mut socket).await.1["t"].as_str().unwrap().len(), 256_000);
        write(
            &app,
            &["INSERT INTO large SELECT string_agg(md5(n::text), '') FROM generate_series(1, 9000) n"],
        )
        .await;
        assert_eq!(socket.next("warning").await["table"], "large");
    });
}

#[test]
fn transactions_that_overlap_are_told_of_when_they_are_committed() {
    run(async {
        let app = app_with("CREATE TABLE numbers (n int)", "numbers").await;
        let mut slow = cluster::endpoint().admin(&app.id).await.unwrap();
        let early = slow.build_transaction().isolation_level(tokio_postgres::IsolationLevel::RepeatableRead);
        let early = early.start().await.unwrap();
        early.execute("INSERT INTO numbers VALUES (1)", &[]).await.unwrap();
        // What was written before the table recorded: the subscription waits for that transaction's end.
        let mut socket = app.socket(&app.service_key).await;
        socket.send(json!({ "type": "subscribe", "table": "numbers" })).await;
        socket.send(json!({ "type": "ping" })).await;
        write(&app, &["INSERT INTO numbers VALUES (2)"]).await;
        // Its snapshot is older than the reading; what it writes is recorded all the same.
        early.execute("INSERT INTO numbers VALUES (3)", &[]).await.unwrap();
        early.commit().await.unwrap();
        socket.next("subscribed").await;
        let begun = slow.transaction().await.unwrap();
        begun.execute("INSERT INTO numbers VALUES (4)", &[]).await.unwrap();
        write(&app, &["INSERT INTO numbers VALUES (5)"]).await;
        let mut seen = Vec::new();
        while seen.last() != Some(&json!(5)) {
            seen.push(change(&mut socket).await.1["n"].clone());
        }
        begun.commit().await.unwrap();
        assert_eq!(change(&mut socket).await.1["n"], 4);
        assert!(!seen.contains(&json!(1)), "it was committed before the subscription: {seen:?}");
    });
}

#[test]
fn a_table_that_is_made_again_or_renamed_goes_on_recording() {
    run(async {
        let app = app_with("CREATE TABLE notes (id int)", "notes").await;
        let mut socket = app.socket(&app.service_key).await;
        follow(&mut socket, "notes").await;
        script(&app, "DROP TABLE notes; CREATE TABLE notes (id int, more text)").await;
        write(&app, &["INSERT INTO notes VALUES (1, 'x')"]).await;
        assert_eq!(change(&mut socket).await.1, json!({ "id": 1, "more": "x" }));
        script(&app, "ALTER TABLE notes DISABLE TRIGGER ALL").await;
        write(&app, &["INSERT INTO notes VALUES (2, 'y')"]).await;
        assert_eq!(id_of(&mut socket).await, 2);
        script(&app, "ALTER TABLE notes RENAME TO remarks").await;
        let listed = app.manage("GET", "/realtime/tables").ok().await;
        let tables: Vec<_> = listed["tables"]
            .as_array()
            .unwrap()
            .iter()
            .map(|table| (table["name"].clone(), table["exists"].clone()))
            .collect();
        assert_eq!(tables, [(json!("notes"), json!(false)), (json!("remarks"), json!(true))]);
        follow(&mut socket, "remarks").await;
        write(&app, &["INSERT INTO remarks VALUES (3, 'z')"]).await;
        assert_eq!(socket.next("change").await["table"], "remarks");
        // The schema engine sees no difference in it.
        let schema = app.manage("GET", "/schema").ok().await;
        assert!(!schema.to_string().contains("mayfly"), "{schema}");
    });
}

#[test]
fn neither_owners_nor_users_reach_what_is_recorded() {
    run(async {
        let app = app_with(
            "CREATE TYPE mood AS ENUM ('glad');
             CREATE FUNCTION as_json(mood) RETURNS json LANGUAGE plpgsql
                AS 'BEGIN RETURN json_build_object(''as'', current_user::text,
                    ''key'', has_table_privilege(''mayfly.claims_key'', ''SELECT'')); END';
             CREATE CAST (mood AS json) WITH FUNCTION as_json(mood);
             CREATE TABLE points (id int, at mood)",
            "points",
        )
        .await;
        let mut socket = app.socket(&app.service_key).await;
        follow(&mut socket, "points").await;
        // A cast of the owner's is called by what records: as a role that may do nothing.
        write(&app, &["INSERT INTO points VALUES (1, 'glad')"]).await;
        let recorded = cluster::endpoint().admin(&app.id).await.unwrap();
        let row = recorded.query_one("SELECT record::text FROM mayfly.changes", &[]).await.unwrap();
        let record: Value = serde_json::from_str(row.get(0)).unwrap();
        assert_eq!(record["at"], json!({ "as": "mayfly_changes", "key": false }));
        for sql in [
            "SELECT * FROM mayfly.changes",
            "INSERT INTO mayfly.changes (table_name, op) VALUES ('points', 'skipped')",
            "SELECT setval('mayfly.changes_until', 1)",
            "SELECT last_value FROM mayfly.changes_until",
            "SELECT mayfly.start_recording('points')",
            "SELECT mayfly.stop_recording('points')",
            "DELETE FROM mayfly.realtime_tables",
        ] {
            let failed =
                app.call("POST", "write").key(&app.service_key).json(json!({ "sql": [sql] })).send().await;
            assert_eq!(failed.status, 500, "{sql}");
            assert!(failed.text().contains("permission denied"), "{sql}: {}", failed.text());
            app.manage("POST", "/sql")
                .json(json!({ "sql": sql }))
                .fails(400, "SCHEMA_MIGRATION_FAILED")
                .await;
        }
        assert_eq!(app.manage("GET", "/realtime/tables").ok().await["tables"].as_array().unwrap().len(), 1);
    });
}

#[test]
fn nodes_tell_each_other_and_a_lost_connection_loses_nothing() {
    run(async {
        let app = app_with("CREATE TABLE numbers (n int)", "numbers").await;
        let other = Node::start(|_| {}).await;
        let mut socket = app.on(&other).socket(&app.service_key).await;
        follow(&mut socket, "numbers").await;
        for n in 0..20 {
            write(&app, &[&format!("INSERT INTO numbers VALUES ({n})")]).await;
            assert_eq!(change(&mut socket).await.1["n"], n);
        }
        let admin = cluster::endpoint().admin(&app.id).await.unwrap();
        for n in 20..25 {
            // What reads the changes, wherever it is.
            let kill = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%pg_current_snapshot%'";
            until("the reader is found", async || {
                let killed: i64 = admin.query_one(kill, &[]).await.unwrap().get(0);
                (killed > 0).then_some(())
            })
            .await;
            write(&app, &[&format!("INSERT INTO numbers VALUES ({n})")]).await;
            assert_eq!(change(&mut socket).await.1["n"], n);
        }
        other.shutdown().await;
    });
}

#[test]
fn a_socket_follows_twenty_tables_and_an_app_has_a_hundred() {
    run(async {
        let app = TestApp::new().await;
        let tables: String = (0..101).map(|number| format!("CREATE TABLE t{number} (n int);")).collect();
        script(&app, &tables).await;
        for number in 0..100 {
            enable(&app, &format!("t{number}")).await;
        }
        let refused = app.manage("PUT", "/realtime/tables/t100").fails(409, "RESOURCE_CONFLICT").await;
        assert!(refused.message().contains("100"), "{}", refused.message());
        let mut socket = app.socket(&app.anon_key).await;
        for number in 0..20 {
            follow(&mut socket, &format!("t{number}")).await;
        }
        follow(&mut socket, "t3").await;
        socket.send(json!({ "type": "subscribe", "table": "t20" })).await;
        assert_eq!(socket.next("error").await["code"], "CONCURRENCY_LIMIT");
    });
}
