//! The managed cluster: a private PostgreSQL in the data directory, for as long as this process lives.

use std::fmt;
use std::path::Path;

use tokio::process::Child;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::account::Account;
use super::layout::{DataDirLock, Layout, PORT};
use super::process::{self, ADMINISTRATOR};
use super::stale;
use super::supervise::Server;
use crate::{Binaries, ClusterConfig, ClusterError, PostgresEndpoint};

/// A running cluster. Dropping it stops the server too, without waiting for that.
pub struct Cluster {
    endpoint: PostgresEndpoint,
    layout: Layout,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
    running: watch::Receiver<bool>,
    /// Stops the server when this process is gone.
    watcher: Child,
    _lock: DataDirLock,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("data", &self.layout.data).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Find PostgreSQL, make the cluster when there is none, start it, and wait until it accepts connections.
    ///
    /// # Errors
    /// [`ClusterError`] says what to do.
    pub async fn start(config: ClusterConfig) -> Result<Self, ClusterError> {
        let lock = DataDirLock::take(&config.data_dir).await?;
        let account = Account::choose()?;
        let layout = Layout::prepare(&config.data_dir, &account)?;
        let binaries = find_binaries(&config, &layout.data).await?;
        process::initialise(&binaries, &account, &layout, config.durable).await?;
        let endpoint = PostgresEndpoint::managed(layout.socket.clone(), PORT, ADMINISTRATOR);
        let watcher = process::spawn_watcher(&binaries, &account, &layout)?;
        let server = Server { binaries, account, layout: layout.clone(), config, endpoint: endpoint.clone() };
        let child = server.start().await?;
        let (stop, stop_asked) = oneshot::channel();
        let (running_sender, running) = watch::channel(true);
        let supervisor = spawn_supervisor(server.supervise(child, stop_asked, running_sender));
        Ok(Self { endpoint, layout, stop, supervisor, running, watcher, _lock: lock })
    }

    /// How to reach the cluster of another process, which holds the data directory ([`ClusterError::InUse`]).
    ///
    /// # Errors
    /// The directory is not there.
    pub fn endpoint_of_running(data_dir: &Path) -> Result<PostgresEndpoint, ClusterError> {
        Ok(PostgresEndpoint::managed(Layout::of_running(data_dir)?.socket, PORT, ADMINISTRATOR))
    }

    /// How to reach it.
    pub fn endpoint(&self) -> &PostgresEndpoint {
        &self.endpoint
    }

    /// Whether the server runs: `false` between an unexpected end and the next start.
    pub fn running(&self) -> watch::Receiver<bool> {
        self.running.clone()
    }

    /// The server's process id.
    pub fn pid(&self) -> Option<i32> {
        stale::read_pid(&self.layout.data.join("postmaster.pid")).map(|pid| pid.as_raw_nonzero().get())
    }

    /// Stop the server: running statements are ended, what was committed stays. Returns when it is gone.
    pub async fn stop(self) {
        let Self { stop, supervisor, mut watcher, layout, .. } = self;
        let _ = stop.send(());
        let _ = supervisor.await;
        // Its pipe closes, it finds no server, and ends.
        drop(watcher.stdin.take());
        let _ = watcher.wait().await;
        layout.tidy();
    }
}

/// Starts the supervisor, which [`Cluster::stop`] awaits.
#[allow(
    clippy::disallowed_methods,
    reason = "it ends with the cluster, after every task that uses the database"
)]
fn spawn_supervisor(supervise: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(supervise)
}

/// For data that exists, programs of the major version that made it.
async fn find_binaries(config: &ClusterConfig, data: &Path) -> Result<Binaries, ClusterError> {
    let made_by = std::fs::read_to_string(data.join("PG_VERSION")).ok();
    let major = made_by.as_deref().and_then(|text| text.trim().parse().ok());
    let found = Binaries::find(config.binaries.as_deref(), config.path.as_deref(), major).await;
    match (found, made_by) {
        (Err(ClusterError::NotFound(_)), Some(made_by)) => {
            Err(ClusterError::OtherMajor { directory: data.to_owned(), made_by: made_by.trim().to_owned() })
        }
        (found, _) => found,
    }
}
