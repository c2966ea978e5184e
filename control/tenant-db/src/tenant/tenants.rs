//! All apps' databases: the door through which the rest of the server reaches them.

mod lifecycle;
mod scripts;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mayfly_runtime::providers::{BoxFuture, Database, GuestError, Idempotency};
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

use super::provision::{self, Blueprint};
use super::turns::{Turn, Turns};
use super::{TenantError, roles, suitable};
use crate::db::{Access, AppDatabase, DbBounds, Locator, Pools};
use crate::idempotency::AppIdempotency;
use crate::identity::Identity;
use mayfly_postgres::Endpoint;
use mayfly_secrets::{KeyRing, SecretsError};
use mayfly_store::{AppState, Change, ChangeKind, Changes, Store, id};

/// Under these names an app's own secrets are sealed: no variable can be called so.
pub const CLAIMS_KEY: &str = "=claims-key";
pub const PASSWORD: &str = "=password";

/// How often connections that nobody uses are looked for.
const REAP_EVERY: Duration = Duration::from_secs(10);

/// All apps' databases. Cheap to clone.
#[derive(Clone)]
pub struct Tenants(Arc<Inner>);

struct Inner {
    store: Store,
    keys: Arc<KeyRing>,
    endpoint: Endpoint,
    pools: Arc<Pools>,
    access: Mutex<HashMap<String, Arc<Access>>>,
    scripts: Turns,
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
        endpoint: Endpoint,
        bounds: DbBounds,
    ) -> Result<Self, TenantError> {
        let client = provision::exclusive(&endpoint, "server").await?;
        suitable::check(&client).await?;
        roles::ensure_groups(&client).await?;
        if endpoint.is_managed() {
            // Nobody else uses our own server's other databases.
            client
                .batch_execute("REVOKE ALL ON DATABASE postgres FROM PUBLIC; REVOKE ALL ON DATABASE template1 FROM PUBLIC")
                .await?;
        }
        let pools = Pools::new(endpoint.clone(), bounds);
        let reaper = AbortOnDropHandle::new(tokio::spawn(reap(Arc::clone(&pools))));
        let follower = AbortOnDropHandle::new(tokio::spawn(follow(store.subscribe(), Arc::clone(&pools))));
        let inner = Inner {
            store,
            keys,
            endpoint,
            pools,
            access: Mutex::default(),
            scripts: Turns::new(),
            _reaper: reaper,
            _follower: follower,
        };
        Ok(Self(Arc::new(inner)))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// `ctx.db` for one invocation. Costs nothing until it is used.
    pub fn database(&self, app_id: impl Into<Arc<str>>, identity: Identity) -> Arc<dyn Database> {
        Arc::new(AppDatabase::new(Arc::clone(&self.0.pools), self.locator(), app_id.into(), identity))
    }

    /// `ctx.idempotency` for one invocation.
    pub fn idempotency(&self, app_id: impl Into<Arc<str>>, identity: Identity) -> Arc<dyn Idempotency> {
        Arc::new(AppIdempotency::new(Arc::clone(&self.0.pools), self.locator(), app_id.into(), identity))
    }

    fn locator(&self) -> Arc<dyn Locator> {
        Arc::clone(&self.0) as Arc<dyn Locator>
    }

    /// Open connections to apps' databases that nobody uses at the moment.
    pub fn idle_connections(&self) -> usize {
        self.0.pools.idle()
    }

    /// Nobody else works on this database, on whichever node, as long as this connection is there.
    pub(super) async fn alone(&self, app_id: &str) -> Result<tokio_postgres::Client, TenantError> {
        Ok(provision::exclusive(&self.0.endpoint, app_id).await?)
    }

    /// The app's turn, waited for.
    pub(super) async fn script_turn(&self, app_id: &str, patience: Duration) -> Result<Turn, TenantError> {
        self.0.scripts.wait(app_id, patience).await
    }

    /// The administrator's connection to an app's database.
    pub(super) async fn admin(&self, app_id: &str) -> Result<tokio_postgres::Client, TenantError> {
        self.access(app_id).await?;
        Ok(self.0.endpoint.admin_among_strangers(app_id).await?)
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    pub(super) fn bounds(&self) -> &DbBounds {
        self.0.pools.bounds()
    }

    pub(super) async fn access(&self, app_id: &str) -> Result<Arc<Access>, TenantError> {
        self.0.access(app_id).await
    }

    async fn with_blueprint(
        &self,
        app_id: &str,
        work: impl AsyncFnOnce(Blueprint<'_>) -> Result<(), TenantError>,
    ) -> Result<(), TenantError> {
        let (claims_key, password) = self.0.secrets(app_id).await?;
        let password = (!self.0.endpoint.is_managed()).then_some(password.as_str());
        // Those that are closing count for a moment beside those that take their place.
        let connections = self.0.pools.bounds().connections_per_login * 2 + 4;
        work(Blueprint { app_id, claims_key: &claims_key, password, connections }).await
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<String, Arc<Access>>> {
        self.0.cache()
    }
}

impl Inner {
    async fn access(&self, app_id: &str) -> Result<Arc<Access>, TenantError> {
        if let Some(access) = self.cache().get(app_id) {
            return Ok(Arc::clone(access));
        }
        if !id::is_app(app_id) {
            return Err(TenantError::Missing);
        }
        match self.store.apps().get(app_id).await?.ok_or(TenantError::Missing)?.state {
            AppState::Ready => {}
            AppState::Provisioning | AppState::Deleting => return Err(TenantError::NotReady),
        }
        let (key, password) = self.secrets(app_id).await?;
        let access = Arc::new(Access::new(app_id, &key, password));
        self.cache().insert(app_id.to_owned(), Arc::clone(&access));
        Ok(access)
    }

    async fn secrets(&self, app_id: &str) -> Result<(Zeroizing<Vec<u8>>, Zeroizing<String>), TenantError> {
        let sealed = self.store.apps().database_secrets(app_id).await?.ok_or(TenantError::Missing)?;
        let key = self.keys.open(app_id, None, CLAIMS_KEY, &sealed.claims_key_sealed)?;
        let key = hex::decode(key.as_str()).map_err(|_| SecretsError::Unreadable)?;
        let password = self.keys.open(app_id, None, PASSWORD, &sealed.password_sealed)?;
        Ok((Zeroizing::new(key), password))
    }

    fn cache(&self) -> MutexGuard<'_, HashMap<String, Arc<Access>>> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Locator for Inner {
    fn locate(&self, app_id: &str) -> BoxFuture<'_, Result<Arc<Access>, GuestError>> {
        let app_id = app_id.to_owned();
        Box::pin(async move {
            self.access(&app_id).await.map_err(|error| {
                tracing::error!(%error, app = app_id, "no way into an app's database");
                GuestError::new(
                    "DB_CONNECTION_LOST",
                    "the app's database cannot be reached; nothing was sent to it",
                )
            })
        })
    }
}

async fn reap(pools: Arc<Pools>) {
    loop {
        tokio::time::sleep(REAP_EVERY).await;
        pools.reap();
    }
}

/// Close the connections to an app's database when what it consists of changed, on whichever node.
async fn follow(mut changes: Changes, pools: Arc<Pools>) {
    while let Some(change) = changes.next().await {
        match change {
            Change::Changed { app_id, kind: ChangeKind::Database, .. } => pools.forget(&app_id),
            Change::Changed { .. } => {}
            Change::Resync => pools.forget_all(),
        }
    }
}
