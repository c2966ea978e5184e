//! Builds every component from `Config`; shuts them down in reverse order.

mod blobs;
mod parts;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mayfly_runtime::{Engine, EngineConfig, EngineError};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::{Config, DatabaseSource};
use mayfly_api::ids;
use mayfly_common::clock;
use mayfly_common::jobs::JobRunner;
use mayfly_common::tasks::Tasks;
use mayfly_core::auth::admin::{self, AdminKeyError};
use mayfly_core::hosts::AppHosts;
use mayfly_core::jobs::{self, StoreLeases};
use mayfly_edge::{Base, Draining, Edge, Server, Sockets};
use mayfly_egress::{EgressClient, EgressError};
use mayfly_ledger::Ledger;
use mayfly_postgres::{Cluster, ClusterConfig, ClusterError, EndpointError, PostgresEndpoint};
use mayfly_secrets::{KeyRing, SecretsError};
use mayfly_store::{Sink, SinkConfig, Store, StoreConfig, StoreError};
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::tenant::{TenantError, Tenants};

use crate::use_cases::UseCases;

pub use blobs::BlobPlaceError;
use parts::Foundation;

/// How long a shutdown tries to write the last records.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(10);
/// Sandboxes beside those of invocations.
const SLOTS_FOR_BUILDS: u32 = 4;

/// A running server.
#[derive(Debug)]
pub struct App {
    address: SocketAddr,
    admin_key: String,
    edge: Edge<UseCases>,
    store: Store,
    sink: Sink,
    cluster: Option<Cluster>,
    tasks: Tasks,
    stop: CancellationToken,
    server: JoinHandle<Draining>,
    jobs: JobRunner<StoreLeases>,
    drain: Duration,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory cannot be used.
    #[error("the data directory {path}: {cause}")]
    DataDir { path: PathBuf, cause: io::Error },
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {cause}")]
    Listen { address: SocketAddr, cause: io::Error },
    /// See [`AdminKeyError`].
    #[error("the admin key: {0}")]
    AdminKey(#[from] AdminKeyError),
    /// See [`SecretsError`].
    #[error("the keys for secrets: {0}")]
    Secrets(#[from] SecretsError),
    /// See [`ClusterError`].
    #[error("PostgreSQL: {0}")]
    Cluster(#[from] ClusterError),
    /// See [`EndpointError`].
    #[error("--database-url: {0}")]
    PostgresEndpoint(#[from] EndpointError),
    /// See [`StoreError`].
    #[error("{0}")]
    Store(#[from] StoreError),
    /// See [`TenantError`].
    #[error("the apps' databases: {0}")]
    Tenants(#[from] TenantError),
    /// See [`EngineError`].
    #[error("the sandbox engine: {0}")]
    Engine(#[from] EngineError),
    /// See [`EgressError`].
    #[error("{0}")]
    Egress(#[from] EgressError),
    /// See [`BlobPlaceError`].
    #[error("the stored objects: {0}")]
    Blobs(#[from] BlobPlaceError),
}

impl App {
    /// Start a server. When this returns, it accepts connections.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        make_data_dir(&config)?;
        let admin_key = match &config.admin_key {
            Some(key) => key.clone(),
            None => admin::load_or_create(&config.data_dir.join("admin.key"))?,
        };
        let keyring = Arc::new(open_keyring(&config)?);
        // Bound before the slow parts: a port that is taken shows at once.
        let listener = listen(config.listen).await?;
        let address = listener.local_addr().map_err(|cause| failed_to_listen(config.listen, cause))?;
        let cache_dir = config.cache_dir.clone().unwrap_or_else(|| config.data_dir.join("cache"));
        let engine_config = EngineConfig {
            // A build runs the module's top level in a sandbox of its own.
            slots: config.invocations_max.saturating_add(SLOTS_FOR_BUILDS),
            compile_worker: config.compile_worker.clone(),
            cache_bytes_max: config.cache_bytes_max,
            ..EngineConfig::new(cache_dir)
        };
        // Two slow things that do not need each other.
        let (engine, database) = tokio::join!(Engine::new(engine_config), open_database(&config));
        let (engine, (cluster, endpoint)) = (engine?, database?);
        let store = Store::connect(StoreConfig::new(endpoint.clone())).await?;
        store.migrate().await?;
        // Before the first record: the day that it belongs to.
        store.invocations().prepare_days(clock::now()).await?;
        let tasks = Tasks::new();
        let tenants =
            Tenants::start(store.clone(), Arc::clone(&keyring), endpoint, DbLimits::default(), tasks.clone())
                .await?;
        // Before strangers' SQL runs in them.
        tenants.close_open(config.open_databases).await?;
        let egress = EgressClient::new(&config.fetch_allow, &config.extra_authorities)?;
        let hosts = app_hosts(&config, &store);
        hosts.refresh().await?;
        let (sink, _) = Sink::start(&store, SinkConfig::default());
        let stop = CancellationToken::new();
        let ledger = Ledger::new(config.memory_bytes_max);
        let blobs = blobs::open(&config, &store, &tasks).await?;
        let node = ids::node_id().into();
        let foundation = Foundation {
            engine,
            store,
            tenants,
            keyring,
            egress,
            blobs,
            sink,
            hosts,
            ledger,
            tasks,
            stop,
            node,
        };
        Ok(Self::assemble(&config, foundation, admin_key, listener, address, cluster))
    }

    fn assemble(
        config: &Config,
        foundation: Foundation,
        admin_key: String,
        listener: TcpListener,
        address: SocketAddr,
        cluster: Option<Cluster>,
    ) -> Self {
        let Foundation { store, sink, tasks, stop, node, ledger, .. } = &foundation;
        let ledger = ledger.clone();
        let (store, sink, tasks, stop) = (store.clone(), sink.clone(), tasks.clone(), stop.clone());
        let node = Arc::clone(node);
        let base = Base::new(config.public_url.as_deref(), &format!("http://{address}"));
        let (services, job_parts) = parts::build(foundation, config, &admin_key, base.as_str());
        let jobs = jobs::start(tasks.clone(), &node, job_parts);
        let sockets = Sockets::new(tasks.clone(), stop.clone(), config.edge);
        let edge = Edge { services, base: Arc::new(base), sockets };
        let server =
            Server::new(listener, edge.clone(), config.edge, config.access_log, ledger, tasks.clone());
        let server = server.behind(config.trusted_proxies.clone());
        let server = tasks.listener(server.run(stop.clone()));
        let drain = config.drain;
        Self { address, admin_key, edge, store, sink, cluster, tasks, stop, server, jobs, drain }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address that callers use, without a slash at its end.
    pub fn url(&self) -> &str {
        self.edge.base.as_str()
    }

    /// Its PostgreSQL.
    pub fn endpoint(&self) -> &PostgresEndpoint {
        self.edge.services.schemas.tenants.endpoint()
    }

    /// The operator's key.
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// The use cases, for the same process.
    pub fn use_cases(&self) -> &UseCases {
        &self.edge.services
    }

    /// Take no more, finish what runs, write what was recorded, stop what was started. Says whether all was finished.
    pub async fn shutdown(self) -> bool {
        self.stop.cancel();
        let answered = match self.server.await {
            Ok(draining) => draining.finish(self.drain).await,
            Err(_) => false,
        };
        let left = self.tasks.finish_work(self.drain).await;
        let flushed = tokio::time::timeout(FLUSH_TIMEOUT, self.sink.flush()).await.is_ok();
        let counted = tokio::time::timeout(FLUSH_TIMEOUT, self.edge.services.admission.daily.flush()).await;
        let flushed = flushed && counted.is_ok_and(|kept| kept.is_ok());
        self.tasks.stop_services().await;
        for (job, stats) in self.jobs.stats() {
            let failed = stats.failed.load(std::sync::atomic::Ordering::Relaxed);
            if failed > 0 {
                tracing::warn!(job, failed, "runs of this job failed");
            }
        }
        self.store.close();
        if let Some(cluster) = self.cluster {
            cluster.stop().await;
        }
        if !answered || left > 0 || !flushed {
            tracing::warn!(answered, invocations_left = left, flushed, "the shutdown cut something short");
        }
        answered && left == 0 && flushed
    }
}

/// Names of hosts under which apps are reached; the host of the public URL is the server's own.
fn app_hosts(config: &Config, store: &Store) -> AppHosts {
    let public = config.public_url.as_deref().and_then(|url| Url::parse(url).ok());
    let own: Vec<&str> = public.as_ref().and_then(Url::host_str).into_iter().collect();
    AppHosts::new(store.clone(), config.apps_domain.as_deref(), &own)
}

/// PostgreSQL's own user has to be able to pass through; what is secret in it has modes of its own.
fn make_data_dir(config: &Config) -> Result<(), StartError> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|cause| StartError::DataDir { path: config.data_dir.clone(), cause })
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|cause| failed_to_listen(address, cause))
}

fn failed_to_listen(address: SocketAddr, cause: io::Error) -> StartError {
    StartError::Listen { address, cause }
}

/// From the variable, or else from the file, which is made when it is missing.
pub(crate) fn open_keyring(config: &Config) -> Result<KeyRing, SecretsError> {
    match &config.secret_keys {
        Some(text) => KeyRing::of_text(text),
        None => KeyRing::load_or_create(&config.key_file()),
    }
}

pub(crate) async fn open_database(
    config: &Config,
) -> Result<(Option<Cluster>, PostgresEndpoint), StartError> {
    match &config.database {
        DatabaseSource::Managed { path, binaries } => {
            let mut cluster = ClusterConfig::new(&config.data_dir);
            cluster.path = path.clone();
            cluster.binaries = binaries.clone();
            let cluster = Cluster::start(cluster).await?;
            let endpoint = cluster.endpoint().clone();
            Ok((Some(cluster), endpoint))
        }
        DatabaseSource::Url(url) => Ok((None, PostgresEndpoint::from_url(url)?)),
        DatabaseSource::Running(endpoint) => Ok((None, endpoint.clone())),
    }
}
