//! An app's database restored without its revoked rights: the server refuses to serve it.

use mayfly_control::app::App;
use mayfly_control::config::{Config, DatabaseSource, OpenDatabases};
use mayfly_postgres::{Cluster, PostgresEndpoint};
use support::app::Node;
use support::cluster::{self, run};

fn config(directory: &std::path::Path, endpoint: &PostgresEndpoint, open: OpenDatabases) -> Config {
    let mut config = Config::loopback(directory.to_owned());
    config.database = DatabaseSource::Running(endpoint.clone());
    config.open_databases = open;
    config
}

#[test]
fn a_server_refuses_it_says_what_to_run_and_mends_it_when_told_to() {
    run(async {
        let directory = cluster::directory();
        let cluster = Cluster::start(cluster::config(directory.path())).await.expect("PostgreSQL starts");
        let endpoint = cluster.endpoint().clone();
        let (first, again) = (cluster::directory(), cluster::directory());
        let start = config(first.path(), &endpoint, OpenDatabases::Refuse);
        let node = Node::start_in(first, start, |_| {}).await;
        let app = node.app().await;
        app.deploy_who("none").await;
        std::fs::copy(node.data_dir().join("secrets.key"), again.path().join("secrets.key")).unwrap();
        assert!(node.shutdown().await);

        let admin = endpoint.admin(&app.id).await.unwrap();
        // Settings that a login stored for itself, through a developer's unsafe function, are repaired and do not stop the server.
        let own = format!("ALTER ROLE \"{}_user\" SET work_mem = '1GB'", app.id);
        admin.batch_execute(&own).await.unwrap();
        let started =
            App::start(config(again.path(), &endpoint, OpenDatabases::Refuse)).await.expect("it starts");
        assert!(started.shutdown().await);

        let restored = "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC;
            GRANT USAGE ON SCHEMA mayfly TO PUBLIC";
        admin.batch_execute(restored).await.unwrap();
        let refused = App::start(config(again.path(), &endpoint, OpenDatabases::Refuse)).await.unwrap_err();
        let text = refused.to_string();
        for part in [app.id.as_str(), "set_config", "mayfly doctor --repair", "restored from a backup"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let mended = config(again.path(), &endpoint, OpenDatabases::Close);
        let node = Node::start_in(again, mended, |_| {}).await;
        let app = app.on(&node);
        assert_eq!(app.call("GET", "none").ok().await["db"]["role"], "butterbase_service");
        let open: bool = admin
            .query_one("SELECT has_function_privilege('butterbase_user', 'set_config(text, text, boolean)', 'EXECUTE')", &[])
            .await
            .unwrap()
            .get(0);
        assert!(!open);
        assert!(node.shutdown().await);
        drop(admin);
        cluster.stop().await;
    });
}
