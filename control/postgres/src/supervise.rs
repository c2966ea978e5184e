//! The supervisor: restarts the server when it ends unexpectedly.

use std::path::Path;
use std::time::Duration;

use tokio::process::Child;
use tokio::sync::{oneshot, watch};

use super::account::Account;
use super::layout::Layout;
use super::{process, stale};
use crate::{Binaries, ClusterConfig, ClusterError, PostgresEndpoint};

/// How long a server may take until it accepts connections: replaying its log after a crash takes a while.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Starts that may fail in a row at first: backends of a killed server hold its memory a moment longer.
const ATTEMPTS: u32 = 5;

const POLL: Duration = Duration::from_millis(20);

/// Everything needed to start the server once more.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) binaries: Binaries,
    pub(super) account: Account,
    pub(super) layout: Layout,
    pub(super) config: ClusterConfig,
    pub(super) endpoint: PostgresEndpoint,
}

impl Server {
    /// The first start, whose failure is returned to the caller.
    pub(super) async fn start(&self) -> Result<Child, ClusterError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            match self.start_once().await {
                Ok(child) => return Ok(child),
                Err(error @ ClusterError::Exited { .. }) if attempt < ATTEMPTS => {
                    tracing::warn!(%error, attempt, "PostgreSQL did not start; retrying");
                    tokio::time::sleep(backoff(attempt)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn start_once(&self) -> Result<Child, ClusterError> {
        stale::clear(&self.layout.data).await?;
        let mut child = process::spawn_server(&self.binaries, &self.account, &self.layout, &self.config)?;
        match tokio::time::timeout(START_TIMEOUT, self.accepts(&mut child)).await {
            Ok(Ok(())) => Ok(child),
            Ok(Err(error)) => Err(error),
            Err(_) => {
                stop(&mut child).await;
                Err(ClusterError::NotReady(process::log_tail(&self.layout.log)))
            }
        }
    }

    /// Waits until a connection succeeds, or the server has ended.
    async fn accepts(&self, child: &mut Child) -> Result<(), ClusterError> {
        loop {
            if self.endpoint.admin(self.endpoint.maintenance_database()).await.is_ok() {
                return Ok(());
            }
            if let Ok(Some(_)) = child.try_wait() {
                return Err(self.exited());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn exited(&self) -> ClusterError {
        let log: &Path = &self.layout.log;
        ClusterError::Exited { log: log.to_owned(), tail: process::log_tail(log) }
    }

    /// Runs until it is told to stop, and leaves no server behind.
    pub(super) async fn supervise(
        self,
        mut child: Child,
        mut stop_asked: oneshot::Receiver<()>,
        running: watch::Sender<bool>,
    ) {
        let mut failures = 0;
        loop {
            tokio::select! {
                _ = &mut stop_asked => return stop(&mut child).await,
                status = child.wait() => {
                    let _ = running.send(false);
                    tracing::error!(?status, "PostgreSQL ended unexpectedly; restarting it");
                }
            }
            child = loop {
                tokio::select! {
                    _ = &mut stop_asked => return,
                    () = tokio::time::sleep(backoff(failures)) => {}
                }
                match self.start_once().await {
                    Ok(child) => break child,
                    Err(error) => {
                        failures += 1;
                        tracing::error!(%error, failures, "PostgreSQL did not start; will retry");
                    }
                }
            };
            failures = 0;
            let _ = running.send(true);
            tracing::info!("PostgreSQL runs again");
        }
    }
}

/// 50 ms, 100 ms, ... 5 s.
fn backoff(failures: u32) -> Duration {
    Duration::from_millis(50 << failures.min(7)).min(Duration::from_secs(5))
}

async fn stop(child: &mut Child) {
    if let Some(pid) =
        child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
    {
        // The child must be waited for, or it stays a zombie and seems to be alive.
        tokio::select! {
            _ = child.wait() => {}
            () = stale::stop(pid) => {}
        }
        let _ = child.wait().await;
    }
}
