//! `Store`: the connection pool of the platform's database, which it creates when it is missing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};

use tokio::sync::Notify;

use crate::StoreError;
use mayfly_postgres::PostgresEndpoint;

/// How the store is reached, and how much of the server it may use.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The server.
    pub endpoint: PostgresEndpoint,
    /// The platform's database; made when it is missing.
    pub database: String,
    /// Connections at once.
    pub connections: usize,
    /// How long to wait for one of them, and for a new one to open.
    pub wait: Duration,
}

impl StoreConfig {
    /// The usual settings: database `mayfly`, 16 connections, 5 s.
    pub fn new(endpoint: PostgresEndpoint) -> Self {
        let database = endpoint.platform_database().to_owned();
        Self { endpoint, database, connections: 16, wait: Duration::from_secs(5) }
    }
}

/// The platform's tables. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    pub(super) endpoint: PostgresEndpoint,
    pub(super) database: String,
    /// Changes were committed here.
    pub(super) committed: Arc<Notify>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Store {
    /// Make the platform's database when it is missing, shut every app's role out of it, and open a pool on it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot be reached.
    pub async fn connect(config: StoreConfig) -> Result<Self, StoreError> {
        prepare_database(&config).await?;
        let manager = Manager::from_config(
            config.endpoint.client_config(&config.database),
            config.endpoint.tls(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(config.connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(config.wait),
                create: Some(config.wait),
                recycle: Some(config.wait),
            })
            .build()
            .map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(Self { pool, endpoint: config.endpoint, database: config.database, committed: Arc::default() })
    }

    /// Bring the tables up to date. Returns how many migrations were applied.
    ///
    /// # Errors
    /// [`StoreError::Migrate`], or [`StoreError::Unavailable`].
    pub async fn migrate(&self) -> Result<usize, StoreError> {
        let mut client = self.client().await?;
        // A table may be large, and another node may be at it.
        client.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0").await?;
        let applied = mayfly_schema::migrate(&mut client).await?;
        client.batch_execute("RESET statement_timeout; RESET lock_timeout").await?;
        Ok(applied)
    }

    /// How many migrations of this build the database has not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn missing_migrations(&self) -> Result<usize, StoreError> {
        let (client, known) = (self.client().await?, mayfly_schema::MIGRATIONS.len());
        let there = client.query_one("SELECT to_regclass('migrations') IS NOT NULL", &[]).await?;
        if !there.get::<_, bool>(0) {
            return Ok(known);
        }
        let applied: i64 = client.query_one("SELECT count(*) FROM migrations", &[]).await?.get(0);
        Ok(known.saturating_sub(usize::try_from(applied).unwrap_or_default()))
    }

    /// Whether the platform's database answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.client().await?.execute("SELECT 1", &[]).await?;
        Ok(())
    }

    /// Close the pool: a caller from now on gets the error that the server is shutting down.
    pub fn close(&self) {
        self.pool.close();
    }

    /// Whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.pool.is_closed()
    }

    pub(super) async fn client(&self) -> Result<Object, StoreError> {
        Ok(self.pool.get().await?)
    }
}

async fn prepare_database(config: &StoreConfig) -> Result<(), StoreError> {
    let client = config.endpoint.admin(config.endpoint.maintenance_database()).await?;
    let name = &config.database;
    // Servers that start at the same moment would trip over each other; the lock ends with the connection.
    client.execute("SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtext($1))", &[name]).await?;
    let exists =
        client.query_opt("SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", &[name]).await?.is_some();
    let quoted = mayfly_postgres::quote_identifier(name);
    if !exists {
        // One of an older build does not ask for the lock: then it exists, which is what was wanted.
        if let Err(error) = client.batch_execute(&format!("CREATE DATABASE {quoted}")).await
            && !is_duplicate_database(&error)
        {
            return Err(error.into());
        }
    }
    client.batch_execute(&format!("REVOKE ALL ON DATABASE {quoted} FROM PUBLIC")).await?;
    Ok(())
}

fn is_duplicate_database(error: &tokio_postgres::Error) -> bool {
    use tokio_postgres::error::SqlState;
    error
        .code()
        .is_some_and(|code| *code == SqlState::DUPLICATE_DATABASE || *code == SqlState::UNIQUE_VIOLATION)
}
