//! An app's database that is open, restored or by its tenant's own doing: it is closed, or its app is, and everyone else is
//! served.

use std::path::Path;

use mayfly_control::config::{Config, DatabaseSource, OpenDatabases};
use mayfly_postgres::{Cluster, PostgresEndpoint};
use serde_json::json;
use support::app::{Node, TestApp};
use support::cluster::{self, run};
use support::wait::until;

fn config(directory: &Path, endpoint: &PostgresEndpoint) -> Config {
    let mut config = Config::loopback(directory.to_owned());
    config.database = DatabaseSource::Running(endpoint.clone());
    config.open_databases = OpenDatabases::CloseFirst;
    config
}

/// A server over that PostgreSQL, once more.
async fn start(endpoint: &PostgresEndpoint) -> Node {
    let directory = cluster::directory();
    let config = config(directory.path(), endpoint);
    Node::start_in(directory, config, |_| {}).await
}

async fn is_served(app: &TestApp) {
    assert_eq!(app.call("GET", "none").ok().await["db"]["role"], "butterbase_service");
}

#[test]
fn a_restored_database_is_closed_before_it_is_served() {
    run(async {
        let directory = cluster::directory();
        let cluster = Cluster::start(cluster::config(directory.path())).await.expect("PostgreSQL starts");
        let endpoint = cluster.endpoint().clone();
        let node = start(&endpoint).await;
        let app = node.app().await;
        app.deploy_who("none").await;
        assert!(node.shutdown().await);
        let admin = endpoint.admin(&app.id).await.unwrap();
        let restored = format!(
            "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC;
             GRANT USAGE ON SCHEMA mayfly TO PUBLIC; ALTER ROLE \"{}_user\" SET work_mem = '1GB'",
            app.id
        );
        admin.batch_execute(&restored).await.unwrap();
        let node = start(&endpoint).await;
        is_served(&app.on(&node)).await;
        assert_eq!(node.tenants().check(&app.id).await.unwrap(), Vec::<String>::new());
        assert!(node.shutdown().await);
        drop(admin);
        cluster.stop().await;
    });
}

/// What an owner's scripts, and its functions by way of them, try to leave behind.
const STATEMENTS: &[&str] = &[
    "CREATE EXTENSION lo SCHEMA pg_catalog",
    "CREATE EXTENSION citext SCHEMA mayfly",
    "CREATE EXTENSION citext SCHEMA public",
    "CREATE EXTENSION hstore SCHEMA pg_catalog",
    "CREATE SCHEMA mine",
    "CREATE LANGUAGE pltcl",
    "GRANT ALL ON SCHEMA public TO PUBLIC",
    "GRANT ALL ON SCHEMA mayfly TO PUBLIC",
    "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) TO PUBLIC",
    "GRANT EXECUTE ON FUNCTION mayfly.begin_change(text, text, text) TO PUBLIC",
    "DO $x$ BEGIN EXECUTE format('GRANT ALL ON DATABASE %I TO PUBLIC', current_database()); END $x$",
    "DO $x$ BEGIN EXECUTE format('GRANT CREATE, TEMP ON DATABASE %I TO %I', current_database(), session_user); END $x$",
    "DO $x$ BEGIN EXECUTE format('ALTER ROLE %I SET work_mem = ''1GB''', session_user); END $x$",
    "DO $x$ BEGIN EXECUTE format('ALTER ROLE %I IN DATABASE %I SET role = ''none''', session_user, current_database()); END $x$",
    "ALTER TABLE notes DISABLE TRIGGER ALL",
    "DROP TRIGGER IF EXISTS mayfly_changes_insert ON notes",
    "CREATE FUNCTION t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
     CREATE TRIGGER mayfly_changes_insert AFTER INSERT ON notes FOR EACH STATEMENT EXECUTE FUNCTION t()",
    "ALTER TABLE _idempotency_keys ADD COLUMN x int",
    "CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION mayfly.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "SELECT mayfly.begin_change('script', '', '99999999999.00')",
    "SELECT mayfly.record_script('forged', 'x', 'x', 'key_other', 1, '99999999999.00')",
    "SELECT mayfly.record_schema('forged', 'x', 'x', 'key_other', 1, 'apply', '{}', 'x', '{}', '99999999999.00')",
];

#[test]
fn whatever_a_tenant_does_to_its_database_the_server_starts_and_serves_the_others() {
    run(async {
        let directory = cluster::directory();
        let cluster = Cluster::start(cluster::config(directory.path())).await.expect("PostgreSQL starts");
        let endpoint = cluster.endpoint().clone();
        let node = start(&endpoint).await;
        let (hostile, victim) = (node.app().await, node.app().await);
        for app in [&hostile, &victim] {
            app.deploy_who("none").await;
        }
        let script = |sql: &str| hostile.manage("POST", "/sql").json(json!({ "sql": sql }));
        script(
            "CREATE TABLE notes (id int PRIMARY KEY, text text);
             CREATE FUNCTION as_owner(q text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
             AS $$ BEGIN EXECUTE q; END $$",
        )
        .ok()
        .await;
        hostile.manage("PUT", "/realtime/tables/notes").ok().await;
        let code = "export default async (req, ctx) => {
            try { await ctx.db.query('SELECT as_owner($1)', [await req.text()]); return new Response('done'); }
            catch (error) { return new Response(error.message); }
        }";
        hostile.deploy("by_function", code).await;
        let mut refused = Vec::new();
        for sql in STATEMENTS {
            // Accepted or not; never an error of the server's.
            let by_script = script(sql).send().await;
            assert!([200, 400].contains(&by_script.status), "{sql}: {}", by_script.text());
            if by_script.status == 400 {
                refused.push(*sql);
            }
            hostile.call("POST", "by_function").body(*sql).send().await;
            let findings = node.tenants().tend(&hostile.id).await.unwrap();
            let open = node.store().apps().get(&hostile.id).await.unwrap().unwrap();
            assert_eq!(open.closed_reason, None, "{sql}: {findings:?}");
        }
        for sql in &STATEMENTS[..2] {
            assert!(refused.contains(sql), "{sql}");
        }
        let listed = hostile.manage("GET", "/migrations").ok().await;
        assert!(!listed.to_string().contains("forged"), "{listed}");
        assert!(node.shutdown().await);

        // Even where it cannot be closed, which takes a superuser: only this app is.
        let admin = endpoint.admin(&hostile.id).await.unwrap();
        // The first can be moved away; the second is nothing that the server takes away by itself.
        let member = format!("butterbase_service TO \"{}_user\"", hostile.id);
        admin.batch_execute("CREATE EXTENSION lo SCHEMA pg_catalog").await.unwrap();
        admin.batch_execute(&format!("GRANT {member}")).await.unwrap();
        let node = start(&endpoint).await;
        let (hostile, victim) = (hostile.on(&node), victim.on(&node));
        is_served(&victim).await;
        hostile.call("GET", "none").fails(503, "APP_CLOSED").await;
        let answer =
            hostile.manage("POST", "/sql").json(json!({ "sql": "SELECT 1" })).fails(503, "APP_CLOSED").await;
        let sql = answer.json();
        let why = sql["error"]["details"]["closed_reason"].as_str().unwrap_or_default().to_owned();
        assert!(why.contains("_user is a member of butterbase_service"), "{sql}");
        let shown = node.client().get(&format!("/v1/apps/{}", hostile.id)).key(node.admin_key()).ok().await;
        assert_eq!(shown["closed_reason"], why);
        let member = format!("butterbase_service FROM \"{}_user\"", hostile.id);
        admin.batch_execute(&format!("REVOKE {member}")).await.unwrap();
        assert_eq!(node.tenants().tend(&hostile.id).await.unwrap(), Vec::<String>::new());
        // Caches hear of it.
        let opened = async || (hostile.call("GET", "none").send().await.status == 200).then_some(());
        until("it is open again", opened).await;
        is_served(&hostile).await;
        assert!(node.shutdown().await);
        drop(admin);
        cluster.stop().await;
    });
}
