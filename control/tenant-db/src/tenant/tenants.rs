//! All apps' databases: `Tenants`, through which the rest of the server reaches them.

mod lifecycle;
mod scripts;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mayfly_runtime::providers::{BoxFuture, Database, GuestError, Idempotency};
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

use super::migration_lock::{MigrationLock, MigrationLocks};
use super::provision::{self, Blueprint};
use super::{TenantError, roles, server_check};
use crate::db::{
    AppDatabase, AppWakes, ConnectionPermits, CredentialResolver, DbLimits, InvocationTransaction, KeyState,
    KeyedRequest, Pools, TenantCredentials, begin_response,
};
use crate::idempotency::AppIdempotency;
use crate::identity::Identity;
use mayfly_api::apps::AppState;
use mayfly_common::tasks::Tasks;
use mayfly_postgres::PostgresEndpoint;
use mayfly_secrets::{KeyRing, SecretsError};
use mayfly_store::{Change, ChangeKind, Changes, Store, id};

/// Under these names an app's own secrets are encrypted: no variable can have them.
pub const CLAIMS_KEY: &str = "=claims-key";
pub const PASSWORD: &str = "=password";

/// Connections of the administrator and of owners for management requests, and those to one app's database.
const MANAGEMENT_CONNECTIONS_MAX: usize = 24;
const APP_MANAGEMENT_CONNECTIONS_MAX: usize = 4;

/// How often the pools are searched for idle connections.
const REAP_EVERY: Duration = Duration::from_secs(10);

/// All apps' databases. Cheap to clone.
#[derive(Clone)]
pub struct Tenants(Arc<TenantsState>);

/// Credentials of apps that are ready and not closed.
type CredentialsCache = HashMap<String, Arc<TenantCredentials>>;

struct TenantsState {
    store: Store,
    keys: Arc<KeyRing>,
    endpoint: PostgresEndpoint,
    pools: Arc<Pools>,
    credentials: Arc<Mutex<CredentialsCache>>,
    migration_locks: MigrationLocks,
    management_permits: ConnectionPermits,
    queue_wakes: AppWakes,
    sessions_ended: AtomicU64,
    /// Changes that outlive those who asked for them.
    tasks: Tasks,
    _reaper: AbortOnDropHandle<()>,
    _follower: AbortOnDropHandle<()>,
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenants").field("endpoint", &self.0.endpoint).finish_non_exhaustive()
    }
}

impl Tenants {
    /// Make the server fit for tenants: check its version and our rights, and make the group roles.
    ///
    /// [`recover`](Self::recover) should follow.
    ///
    /// # Errors
    /// [`TenantError::Unsuitable`] says what the server lacks.
    pub async fn start(
        store: Store,
        keys: Arc<KeyRing>,
        endpoint: PostgresEndpoint,
        limits: DbLimits,
        tasks: Tasks,
    ) -> Result<Self, TenantError> {
        let client = provision::exclusive(&endpoint, "server").await?;
        server_check::check(&client).await?;
        roles::ensure_groups(&client).await?;
        if endpoint.is_managed() {
            // Our own server's other databases have no other users.
            client
                .batch_execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC; REVOKE ALL ON DATABASE template1 FROM PUBLIC")
                .await?;
        }
        let pools = Pools::new(endpoint.clone(), limits);
        let reaper = run_alongside(reap(Arc::clone(&pools)));
        let credentials = Arc::new(Mutex::default());
        let follower = run_alongside(follow(store.subscribe(), Arc::clone(&pools), Arc::clone(&credentials)));
        let state = TenantsState {
            store,
            keys,
            endpoint,
            pools,
            credentials,
            tasks,
            migration_locks: MigrationLocks::new(),
            management_permits: ConnectionPermits::new(
                MANAGEMENT_CONNECTIONS_MAX,
                APP_MANAGEMENT_CONNECTIONS_MAX,
            ),
            queue_wakes: AppWakes::default(),
            sessions_ended: AtomicU64::new(0),
            _reaper: reaper,
            _follower: follower,
        };
        Ok(Self(Arc::new(state)))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// `ctx.db` for one invocation. Costs nothing until it is used.
    pub fn database(&self, app_id: impl Into<Arc<str>>, identity: Identity) -> Arc<dyn Database> {
        Arc::new(self.app_database(app_id.into(), identity))
    }

    /// `ctx.idempotency` for one invocation.
    pub fn idempotency(&self, app_id: impl Into<Arc<str>>, identity: Identity) -> Arc<dyn Idempotency> {
        Arc::new(AppIdempotency::new(self.app_database(app_id.into(), identity)))
    }

    /// The database and the claims of an invocation that is one transaction. Costs nothing until it is used.
    pub fn invocation_transaction(
        &self,
        app_id: impl Into<Arc<str>>,
        identity: Identity,
    ) -> Arc<InvocationTransaction> {
        let app_id = app_id.into();
        let claims = self.idempotency(Arc::clone(&app_id), identity.clone());
        InvocationTransaction::new(Arc::new(self.app_database(app_id, identity)), claims)
    }

    /// Take a request's key for as long as the request may run, or find what is known of it.
    ///
    /// # Errors
    /// Those of `ctx.db`.
    pub async fn begin_response(
        &self,
        app_id: impl Into<Arc<str>>,
        request: KeyedRequest,
        lease: Duration,
    ) -> Result<KeyState, GuestError> {
        let database = Arc::new(self.app_database(app_id.into(), Identity::Service));
        begin_response(database, request, lease).await
    }

    /// Told of every app that has new jobs on this node.
    pub fn queue_wakes(&self) -> &AppWakes {
        &self.0.queue_wakes
    }

    /// Told of every app in whose database this node has changed tables that are read for changes.
    pub fn change_wakes(&self) -> &AppWakes {
        self.0.pools.change_wakes()
    }

    pub(crate) fn app_database(&self, app_id: Arc<str>, identity: Identity) -> AppDatabase {
        let resolver = Arc::clone(&self.0) as Arc<dyn CredentialResolver>;
        AppDatabase::new(Arc::clone(&self.0.pools), resolver, app_id, identity, self.0.queue_wakes.clone())
    }

    /// How many sessions of apps this node's wardens ended so far.
    pub fn sessions_ended(&self) -> u64 {
        self.0.sessions_ended.load(Ordering::Relaxed)
    }

    pub(super) fn count_ended_session(&self) {
        self.0.sessions_ended.fetch_add(1, Ordering::Relaxed);
    }

    /// How many connections to apps' databases are idle.
    pub fn idle_connections(&self) -> usize {
        self.0.pools.idle()
    }

    /// An advisory lock on the app: no other node changes its database as long as this connection exists.
    pub(crate) async fn exclusive(&self, app_id: &str) -> Result<tokio_postgres::Client, TenantError> {
        Ok(provision::exclusive(&self.0.endpoint, app_id).await?)
    }

    /// The app's migration lock; waits at most `limit` while it is held.
    pub(crate) async fn migration_lock(
        &self,
        app_id: &str,
        limit: Duration,
    ) -> Result<MigrationLock, TenantError> {
        self.0.migration_locks.lock(app_id, limit).await
    }

    pub(super) fn management_permits(&self) -> &ConnectionPermits {
        &self.0.management_permits
    }

    pub fn endpoint(&self) -> &PostgresEndpoint {
        &self.0.endpoint
    }

    pub(crate) fn limits(&self) -> &DbLimits {
        self.0.pools.limits()
    }

    pub(super) async fn credentials(&self, app_id: &str) -> Result<Arc<TenantCredentials>, TenantError> {
        self.0.credentials(app_id).await
    }

    async fn with_blueprint(
        &self,
        app_id: &str,
        work: impl AsyncFnOnce(Blueprint<'_>) -> Result<(), TenantError>,
    ) -> Result<(), TenantError> {
        let (claims_key, password) = self.0.secrets(app_id).await?;
        let password = (!self.0.endpoint.is_managed()).then_some(password.as_str());
        work(Blueprint { app_id, claims_key: &claims_key, password, connections: self.connections() }).await
    }

    /// How many connections each login of an app may have. Those that are closing count for a moment beside those that take their
    /// place.
    fn connections(&self) -> i32 {
        i32::try_from(self.0.pools.limits().connections_per_login * 2 + 4).unwrap_or(i32::MAX)
    }

    /// Close the app's connections, and ask for its state again.
    pub(super) fn forget(&self, app_id: &str) {
        self.0.cache().remove(app_id);
        self.0.pools.forget(app_id);
    }
}

impl TenantsState {
    async fn credentials(&self, app_id: &str) -> Result<Arc<TenantCredentials>, TenantError> {
        if let Some(credentials) = self.cache().get(app_id) {
            return Ok(Arc::clone(credentials));
        }
        if !id::is_app(app_id) {
            return Err(TenantError::Missing);
        }
        let app = self.store.apps().get(app_id).await?.ok_or(TenantError::Missing)?;
        match (app.state, app.closed_reason) {
            (AppState::Ready, None) => {}
            (AppState::Ready, Some(reason)) => return Err(TenantError::Closed(reason)),
            (AppState::Provisioning | AppState::Deleting, _) => return Err(TenantError::NotReady),
        }
        let (key, password) = self.secrets(app_id).await?;
        let credentials = Arc::new(TenantCredentials::new(app_id, &key, password, app.database_full));
        self.cache().insert(app_id.to_owned(), Arc::clone(&credentials));
        Ok(credentials)
    }

    async fn secrets(&self, app_id: &str) -> Result<(Zeroizing<Vec<u8>>, Zeroizing<String>), TenantError> {
        let encrypted = self.store.apps().database_secrets(app_id).await?.ok_or(TenantError::Missing)?;
        let key = self.keys.decrypt(app_id, None, CLAIMS_KEY, &encrypted.claims_key_encrypted)?;
        let key = hex::decode(key.as_str()).map_err(|_| SecretsError::Unreadable)?;
        let password = self.keys.decrypt(app_id, None, PASSWORD, &encrypted.password_encrypted)?;
        Ok((Zeroizing::new(key), password))
    }

    fn cache(&self) -> MutexGuard<'_, CredentialsCache> {
        lock(&self.credentials)
    }
}

impl CredentialResolver for TenantsState {
    fn resolve(&self, app_id: &str) -> BoxFuture<'_, Result<Arc<TenantCredentials>, GuestError>> {
        let app_id = app_id.to_owned();
        Box::pin(async move {
            self.credentials(&app_id).await.map_err(|error| {
                if matches!(error, TenantError::Closed(_)) {
                    return GuestError::new(
                        "DB_CONNECTION_LOST",
                        "the app is closed; nothing was sent to its database",
                    );
                }
                tracing::error!(%error, app = app_id, "cannot find the credentials of an app's database");
                GuestError::new(
                    "DB_CONNECTION_LOST",
                    "the app's database cannot be reached; nothing was sent to it",
                )
            })
        })
    }
}

/// Starts work that is stopped with what holds its handle.
#[allow(
    clippy::disallowed_methods,
    reason = "the handle aborts the loop: it cannot outlive the pools that it serves"
)]
pub(super) fn run_alongside(work: impl Future<Output = ()> + Send + 'static) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(work))
}

async fn reap(pools: Arc<Pools>) {
    loop {
        tokio::time::sleep(REAP_EVERY).await;
        pools.reap();
    }
}

/// Close the connections to an app's database when its routines or tables changed, on whichever node.
async fn follow(mut changes: Changes, pools: Arc<Pools>, credentials: Arc<Mutex<CredentialsCache>>) {
    while let Some(change) = changes.next().await {
        match change {
            Change::Changed { app_id, kind: ChangeKind::Database, .. } => {
                lock(&credentials).remove(&app_id);
                pools.forget(&app_id);
            }
            Change::Changed { .. } => {}
            Change::Resync => {
                lock(&credentials).clear();
                pools.forget_all();
            }
        }
    }
}

/// A thread that panicked with the lock held has left a map that is whole all the same.
fn lock(credentials: &Mutex<CredentialsCache>) -> MutexGuard<'_, CredentialsCache> {
    credentials.lock().unwrap_or_else(PoisonError::into_inner)
}
