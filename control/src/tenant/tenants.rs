//! All apps' databases: the door through which the rest of the server reaches them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use mayfly_runtime::providers::{BoxFuture, Database, GuestError, Idempotency};
use ring::rand::{SecureRandom as _, SystemRandom};
use tokio_util::task::AbortOnDropHandle;
use zeroize::Zeroizing;

use super::provision::{self, Blueprint};
use super::script::{self, AppliedScript, Script};
use super::turns::{Turn, Turns};
use super::{Identity, TenantError, roles, suitable};
use crate::postgres::Endpoint;
use crate::providers::db::{Access, AppDatabase, DbBounds, Locator, Pools};
use crate::providers::idempotency::AppIdempotency;
use crate::secrets::{KeyRing, SecretsError};
use crate::store::{App, AppState, Change, ChangeKind, Changes, DatabaseSecrets, Store, id};

/// Under these names an app's own secrets are sealed: no variable can be called so.
pub(crate) const CLAIMS_KEY: &str = "=claims-key";
pub(crate) const PASSWORD: &str = "=password";

/// How often connections that nobody uses are looked for.
const REAP_EVERY: Duration = Duration::from_secs(10);

/// Migrations listed at most.
const MIGRATIONS_MAX: i64 = 1000;

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

    /// Finish what an earlier run began: half-made databases are made, half-deleted ones deleted, and those that are
    /// not as they should be are mended. One app's trouble does not stop the others.
    ///
    /// # Errors
    /// When the list of apps cannot be read.
    pub async fn recover(&self) -> Result<(), TenantError> {
        let mut apps = self.0.store.apps().list().await?;
        // What somebody may be waiting for comes first.
        apps.sort_by_key(|app| app.state == AppState::Ready);
        for app in apps {
            let outcome = match app.state {
                AppState::Provisioning => self.finish(&app.id).await,
                AppState::Deleting => self.delete(&app.id).await,
                AppState::Ready => self.check_and_repair(&app.id).await.map(|_| ()),
            };
            if let Err(error) = outcome {
                tracing::error!(%error, app = app.id, state = app.state.as_str(), "an app's database is not in order");
            }
        }
        Ok(())
    }

    /// Make an app: its row, its logins, its database. A crash on the way is made good by [`recover`](Self::recover).
    ///
    /// # Errors
    /// [`TenantError::Store`] when PostgreSQL is away or full.
    pub async fn create(&self, name: &str) -> Result<App, TenantError> {
        let app_id = id::app()?;
        let mut key = Zeroizing::new([0_u8; 32]);
        let mut password = Zeroizing::new([0_u8; 32]);
        for secret in [&mut key, &mut password] {
            SystemRandom::new().fill(secret.as_mut()).map_err(|_| SecretsError::NoRandomness)?;
        }
        let seal = |name: &str, secret: &[u8]| {
            self.0.keys.seal(&app_id, None, name, &Zeroizing::new(hex::encode(secret)))
        };
        let secrets = DatabaseSecrets {
            claims_key_sealed: seal(CLAIMS_KEY, key.as_ref())?,
            password_sealed: seal(PASSWORD, password.as_ref())?,
        };
        let mut app = self.0.store.apps().create(&app_id, name, &secrets).await?;
        self.finish(&app_id).await?;
        app.state = AppState::Ready;
        Ok(app)
    }

    async fn finish(&self, app_id: &str) -> Result<(), TenantError> {
        self.repair(app_id).await?;
        Ok(self.0.store.apps().set_state(app_id, AppState::Ready).await?)
    }

    /// Delete an app with everything of it: database, logins, functions, records.
    ///
    /// # Errors
    /// [`TenantError::Missing`] when there is none. After any other error it is deleted at the next start.
    pub async fn delete(&self, app_id: &str) -> Result<(), TenantError> {
        if !id::is_app(app_id) || self.0.store.apps().get(app_id).await?.is_none() {
            return Err(TenantError::Missing);
        }
        self.0.store.apps().set_state(app_id, AppState::Deleting).await?;
        self.cache().remove(app_id);
        self.0.pools.forget(app_id);
        provision::remove(&self.0.endpoint, app_id).await?;
        Ok(self.0.store.apps().delete(app_id).await?)
    }

    /// What is wrong with an app's database; empty when it is as it should be.
    ///
    /// # Errors
    /// [`TenantError::Store`] when it cannot be reached.
    pub async fn check(&self, app_id: &str) -> Result<Vec<String>, TenantError> {
        provision::check(&self.0.endpoint, app_id).await
    }

    /// Check an app's database, and mend what is wrong. Returns what that was.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn check_and_repair(&self, app_id: &str) -> Result<Vec<String>, TenantError> {
        let findings = self.check(app_id).await?;
        if !findings.is_empty() {
            tracing::warn!(app = app_id, ?findings, "an app's database is mended");
            self.repair(app_id).await?;
        }
        Ok(findings)
    }

    /// Bring an app's logins and database into the state that they must have, whatever state they are in. Also the
    /// way back in for an app whose owner has changed its own login's password on a server given by URL.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn repair(&self, app_id: &str) -> Result<(), TenantError> {
        self.with_blueprint(app_id, async |blueprint| {
            provision::provision(&self.0.endpoint, &blueprint).await
        })
        .await
    }

    /// Run a script as the app's owner, in one transaction, and record it.
    ///
    /// # Errors
    /// [`TenantError::Script`] with what PostgreSQL said and where; [`StoreError::Conflict`] while the app runs
    /// another one.
    ///
    /// [`StoreError::Conflict`]: crate::store::StoreError::Conflict
    pub async fn run_script(&self, app_id: &str, script: Script) -> Result<AppliedScript, TenantError> {
        let access = self.access(app_id).await?;
        let _turn = self.0.scripts.take(app_id, self.0.pools.bounds().connect_wait).await?;
        // Nobody else works on this database meanwhile, on whichever node: a repair that changes the same grants would
        // make one of the two fail.
        let _alone = provision::exclusive(&self.0.endpoint, app_id).await?;
        self.fill_hole(app_id).await?;
        let mut applied = script::run(&self.0.endpoint, &access, self.0.pools.bounds(), script).await?;
        applied.fingerprint = self.try_keep_state(app_id, applied.id).await;
        // What open connections know of the app's routines and tables is out of date, here and on the other nodes.
        self.0.pools.forget(app_id);
        self.0.store.apps().announce(app_id).await?;
        // A script may have brought an extension, and with it functions and languages for everyone.
        self.with_blueprint(app_id, async |blueprint| provision::harden(&self.0.endpoint, &blueprint).await)
            .await?;
        Ok(applied)
    }

    /// The scripts that were run, newest first.
    ///
    /// # Errors
    /// [`TenantError::Missing`] and [`TenantError::NotReady`].
    pub async fn scripts(&self, app_id: &str) -> Result<Vec<AppliedScript>, TenantError> {
        self.access(app_id).await?;
        let client = self.0.endpoint.admin_among_strangers(app_id).await?;
        let rows = client
            .query(
                "SELECT id, name, sql, checksum, key_id, applied_at, duration_us, fingerprint
                 FROM mayfly.migrations ORDER BY id DESC LIMIT $1",
                &[&MIGRATIONS_MAX],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| AppliedScript {
                id: row.get(0),
                name: row.get(1),
                sql: row.get(2),
                checksum: row.get(3),
                key_id: row.get(4),
                applied_at: row.get::<_, DateTime<Utc>>(5),
                duration_us: row.get::<_, i64>(6).unsigned_abs(),
                fingerprint: row.get(7),
            })
            .collect())
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    /// `ctx.db` for one invocation. Costs nothing until it is used.
    pub fn database(&self, app_id: &str, identity: Identity) -> Arc<dyn Database> {
        let locator: Arc<dyn Locator> = Arc::new(self.clone());
        Arc::new(AppDatabase::new(Arc::clone(&self.0.pools), locator, app_id, identity))
    }

    /// `ctx.idempotency` for one invocation.
    pub fn idempotency(&self, app_id: &str, identity: Identity) -> Arc<dyn Idempotency> {
        let locator: Arc<dyn Locator> = Arc::new(self.clone());
        Arc::new(AppIdempotency::new(Arc::clone(&self.0.pools), locator, app_id, identity))
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

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    pub(super) fn bounds(&self) -> &DbBounds {
        self.0.pools.bounds()
    }

    pub(super) async fn access(&self, app_id: &str) -> Result<Arc<Access>, TenantError> {
        if let Some(access) = self.cache().get(app_id) {
            return Ok(Arc::clone(access));
        }
        if !id::is_app(app_id) {
            return Err(TenantError::Missing);
        }
        match self.0.store.apps().get(app_id).await?.ok_or(TenantError::Missing)?.state {
            AppState::Ready => {}
            AppState::Provisioning | AppState::Deleting => return Err(TenantError::NotReady),
        }
        let (key, password) = self.secrets(app_id).await?;
        let access = Arc::new(Access::new(app_id, &key, password));
        self.cache().insert(app_id.to_owned(), Arc::clone(&access));
        Ok(access)
    }

    async fn secrets(&self, app_id: &str) -> Result<(Zeroizing<Vec<u8>>, Zeroizing<String>), TenantError> {
        let sealed = self.0.store.apps().database_secrets(app_id).await?.ok_or(TenantError::Missing)?;
        let key = self.0.keys.open(app_id, None, CLAIMS_KEY, &sealed.claims_key_sealed)?;
        let key = hex::decode(key.as_str()).map_err(|_| SecretsError::Unreadable)?;
        let password = self.0.keys.open(app_id, None, PASSWORD, &sealed.password_sealed)?;
        Ok((Zeroizing::new(key), password))
    }

    async fn with_blueprint(
        &self,
        app_id: &str,
        work: impl AsyncFnOnce(Blueprint<'_>) -> Result<(), TenantError>,
    ) -> Result<(), TenantError> {
        let (claims_key, password) = self.secrets(app_id).await?;
        let password = (!self.0.endpoint.is_managed()).then_some(password.as_str());
        // Those that are closing count for a moment beside those that take their place.
        let connections = self.0.pools.bounds().connections_per_login * 2 + 4;
        work(Blueprint { app_id, claims_key: &claims_key, password, connections }).await
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Access>>> {
        self.0.access.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Locator for Tenants {
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
