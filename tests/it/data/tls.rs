//! A server beyond the machine: nothing is said before its certificate is checked.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mayfly_common::tasks::Tasks;
use mayfly_postgres::{Binaries, Cluster, PostgresEndpoint};
use mayfly_store::{Store, StoreConfig, StoreError};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::Tenants;
use serde_json::json;
use support::cluster::{config, directory, run};
use support::tenants::{keys, rows};
use support::wait::until;

/// A server on a TCP port that takes encrypted connections alone.
struct Server {
    child: Child,
    port: u16,
    authority: PathBuf,
    _directory: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start() -> Self {
        let directory = directory();
        let cluster = Cluster::start(config(directory.path())).await.unwrap();
        let admin = cluster.endpoint().admin("postgres").await.unwrap();
        admin.batch_execute("ALTER ROLE mayfly PASSWORD 'pw'").await.unwrap();
        cluster.stop().await;
        let data = directory.path().join("postgres/data");
        let owner = std::fs::metadata(&data).unwrap();
        let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let authority = directory.path().join("ca.pem");
        std::fs::write(&authority, signed.cert.pem()).unwrap();
        write(&data.join("server.crt"), &signed.cert.pem(), &owner);
        write(&data.join("server.key"), &signed.signing_key.serialize_pem(), &owner);
        write(&data.join("pg_hba.conf"), "hostssl all all all scram-sha-256\n", &owner);
        let port = free_port();
        let binaries = Binaries::find(None, std::env::var_os("PATH").as_deref(), None).await.unwrap();
        let mut command = Command::new(binaries.program("postgres"));
        if rustix::process::geteuid().is_root() {
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "ssl=on"])
            .args(["-c", &format!("port={port}")])
            .current_dir("/")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port, authority, _directory: directory }
    }

    fn endpoint(&self, options: &str) -> PostgresEndpoint {
        PostgresEndpoint::from_url(&format!("postgres://mayfly:pw@localhost:{}/?{options}", self.port))
            .unwrap()
    }

    fn trusting(&self) -> PostgresEndpoint {
        self.endpoint(&format!("sslmode=require&sslrootcert={}", self.authority.display()))
    }
}

fn write(path: &Path, text: &str, owner: &std::fs::Metadata) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let _ = std::os::unix::fs::chown(path, Some(owner.uid()), Some(owner.gid()));
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn everything_is_encrypted_and_the_certificate_checked() {
    run(async {
        let server = Server::start().await;
        // It takes a moment until it listens.
        let store = loop {
            match Store::connect(StoreConfig::new(server.trusting())).await {
                Ok(store) => break store,
                Err(error) => assert!(matches!(error, StoreError::Unavailable(_)), "{error}"),
            }
        };
        store.migrate().await.unwrap();
        let tenants = Tenants::start(store, keys(), server.trusting(), DbLimits::default(), Tasks::new())
            .await
            .unwrap();
        let app = tenants.create("tls").await.unwrap();
        let db = tenants.database(app.id.as_str(), Identity::User { id: "alice".to_owned() });
        // A connection that is kept is looked at without waiting, also through TLS.
        for _ in 0..3 {
            let who = "SELECT current_user_id() AS id";
            assert_eq!(rows(&db, who).await, json!([{"id": "alice"}]));
        }
        let admin = server.trusting().admin("postgres").await.unwrap();
        let encrypted = "SELECT bool_and(s.ssl) AND count(*) FILTER (WHERE a.datname = $1) = 1
            FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.client_addr IS NOT NULL";
        // The connection that made the app may take a moment to end.
        until("one connection of the app, and all encrypted", || async {
            admin.query_one(encrypted, &[&app.id]).await.unwrap().get::<_, bool>(0).then_some(())
        })
        .await;

        let unknown_authority = Store::connect(StoreConfig::new(server.endpoint("sslmode=require"))).await;
        assert!(unknown_authority.is_err(), "a certificate of an unknown authority was accepted");
        let plain = Store::connect(StoreConfig::new(server.endpoint("sslmode=disable"))).await;
        assert!(plain.is_err(), "the server took a plain connection");
    });
}
