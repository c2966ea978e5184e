//! A real PostgreSQL for all tests of the binary, started on first use by Mayfly's own code.
//!
//! It lives as long as the process, however that ends: the cluster's own watcher stops the server when the process has
//! ended, and another watcher then removes the directory.

use std::future::Future;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use mayfly_postgres::{Cluster, ClusterConfig, PostgresEndpoint};
use mayfly_store::{Store, StoreConfig};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    // On a separate thread: the first caller may be inside a runtime, where blocking is forbidden.
    std::thread::spawn(|| RUNTIME.block_on(Shared::start())).join().expect("the shared cluster starts")
});

static STORE: OnceCell<Store> = OnceCell::const_new();

struct Shared {
    cluster: Cluster,
    directory: PathBuf,
    _sweeper: Child,
}

impl Shared {
    async fn start() -> Self {
        let directory = directory().keep();
        let sweeper = sweep_at_exit(&directory).expect("the sweeper starts");
        let cluster = Cluster::start(config(&directory)).await.expect("PostgreSQL starts");
        Self { cluster, directory, _sweeper: sweeper }
    }
}

/// Runs a test on the runtime of the shared connections.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    RUNTIME.block_on(test)
}

/// The shared server.
pub fn endpoint() -> PostgresEndpoint {
    SHARED.cluster.endpoint().clone()
}

/// The URL of a new database of the shared server: for platform tables of one's own.
pub async fn own_database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("own_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    let admin = endpoint().admin("postgres").await.expect("a connection");
    admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
    crate::process::database_url(&endpoint(), &name)
}

/// The shared, migrated platform tables. Only from within [`run`].
pub async fn store() -> Store {
    STORE
        .get_or_init(|| async {
            let store = Store::connect(StoreConfig::new(endpoint())).await.expect("the store connects");
            store.migrate().await.expect("the store migrates");
            // A server's job does this; many tests have none.
            RUNTIME.spawn(store.clone().notify_of_changes());
            store
        })
        .await
        .clone()
}

/// Settings for a temporary cluster: its data need not survive a power cut.
pub fn config(directory: &Path) -> ClusterConfig {
    let mut config = ClusterConfig::new(directory);
    config.path = std::env::var_os("PATH");
    // The server's own setting: tests can be run on another PostgreSQL than the machine's newest.
    config.binaries = std::env::var_os("MAYFLY_PG_BIN").map(PathBuf::from);
    config.durable = false;
    // Every test has an app, and every app has connections.
    config.connections_max = 300;
    config
}

/// A directory that PostgreSQL's account can reach, also when the tests run as root.
pub fn directory() -> tempfile::TempDir {
    let directory = tempfile::Builder::new().prefix("mayfly-test-").tempdir_in("/tmp").expect("a directory");
    open_to_all(directory.path());
    directory
}

/// A directory that lives as long as the process: it is removed with the shared cluster's.
pub fn lasting_directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir_in(&SHARED.directory).expect("a directory");
    open_to_all(directory.path());
    directory
}

fn open_to_all(directory: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o711);
    std::fs::set_permissions(directory, mode).expect("the directory's mode is set");
}

/// Removes the directory once this process and the server have ended.
fn sweep_at_exit(directory: &Path) -> io::Result<Child> {
    let script = "read -r _; tries=0
        while [ -e \"$0/postgres/data/postmaster.pid\" ] && [ $tries -lt 300 ]; do
            sleep 0.1; tries=$((tries + 1))
        done
        rm -rf \"$0\"";
    Command::new("/bin/sh")
        .args(["-c", script])
        .arg(directory)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
}
