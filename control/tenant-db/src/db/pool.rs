//! Connection pools to apps' databases: one for each app and privilege, and one limit over all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_runtime::providers::GuestError;
use tokio::sync::Semaphore;

use super::app_wakes::AppWakes;
use super::connection_permits::{ConnectionPermit, ConnectionPermits, LoginPermit};
use super::credentials::TenantCredentials;
use super::error::{exhausted, unreachable};
use super::limits::DbLimits;
use super::session::Session;
use crate::identity::Privilege;
use crate::wire::{self, Connection, Login, WireError};
use mayfly_postgres::PostgresEndpoint;

/// Statements of a login whose parameters' types are remembered, and the longest one, in bytes.
const TYPED_MAX: usize = 256;
const TYPED_SQL_BYTES_MAX: usize = 8 << 10;

/// All pools.
#[derive(Debug)]
pub(crate) struct Pools {
    endpoint: PostgresEndpoint,
    limits: DbLimits,
    permits: ConnectionPermits,
    logins: Mutex<HashMap<(String, Privilege), Arc<LoginPool>>>,
    /// Told of commits that have changed tables which are read for changes.
    change_wakes: AppWakes,
}

/// The connections of one login.
#[derive(Debug)]
pub(super) struct LoginPool {
    pub(super) app_id: Arc<str>,
    pub(super) privilege: Privilege,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
    /// The types of parameters, of statements that were given arrays: whether an array is JSON depends on them.
    parameter_types: Mutex<HashMap<Box<str>, Arc<[u32]>>>,
    /// Goes up when what open connections know is out of date.
    generation: AtomicU64,
}

/// A connection and its permit.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) connection: Connection,
    pub(super) session: Session,
    born: Instant,
    /// The login's generation when it was opened.
    generation: u64,
    permit: ConnectionPermit,
}

#[derive(Debug)]
struct Idle {
    pooled: Pooled,
    since: Instant,
}

impl Pools {
    pub(crate) fn new(endpoint: PostgresEndpoint, limits: DbLimits) -> Arc<Self> {
        let permits = ConnectionPermits::new(limits.connections_max, limits.connections_per_app);
        Arc::new(Self {
            endpoint,
            limits,
            permits,
            logins: Mutex::default(),
            change_wakes: AppWakes::default(),
        })
    }

    pub(crate) fn limits(&self) -> &DbLimits {
        &self.limits
    }

    pub(crate) fn change_wakes(&self) -> &AppWakes {
        &self.change_wakes
    }

    /// A connection as this privilege, an idle one or a new one: with its pool, and the permit to use it.
    pub(super) async fn take(
        &self,
        credentials: &TenantCredentials,
        privilege: Privilege,
    ) -> Result<(Arc<LoginPool>, LoginPermit, Pooled), GuestError> {
        let pool = self.login(credentials.app_id(), privilege);
        let wait = self.limits.connect_wait;
        let deadline = tokio::time::Instant::now() + wait;
        let permit = tokio::time::timeout_at(deadline, Arc::clone(&pool.permits).acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| exhausted(wait))?;
        if let Some(pooled) = pool.take_idle() {
            return Ok((pool, permit, pooled));
        }
        let connection_permit =
            tokio::time::timeout_at(deadline, self.permits.take(&pool.app_id, || self.close_oldest_idle()))
                .await
                .ok()
                .flatten()
                .ok_or_else(|| exhausted(wait))?;
        // Before it is opened: what changes while it is opened may or may not be known to it.
        let generation = pool.generation.load(Ordering::SeqCst);
        let (connection, session) = self.open(credentials, privilege, deadline).await?;
        let pooled =
            Pooled { connection, session, born: Instant::now(), generation, permit: connection_permit };
        Ok((pool, permit, pooled))
    }

    /// No statement is sent before a connection is established, so opening one may be retried: a server that restarts
    /// is back in a moment.
    async fn open(
        &self,
        credentials: &TenantCredentials,
        privilege: Privilege,
        deadline: tokio::time::Instant,
    ) -> Result<(Connection, Session), GuestError> {
        let user = privilege.login(credentials.app_id());
        let settings = credentials.settings(privilege, &self.limits);
        let login = credentials.login(&self.endpoint, &user, &settings);
        let mut pause = Duration::from_millis(20);
        loop {
            let error = match tokio::time::timeout_at(deadline, begin(&login, privilege)).await {
                Ok(Ok(begun)) => return Ok(begun),
                Ok(Err(error)) => error,
                Err(_) => return Err(unreachable()),
            };
            if !is_passing(&error) || tokio::time::Instant::now() + pause >= deadline {
                tracing::error!(%error, login = user, "cannot connect to an app's database");
                return Err(unreachable());
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(500));
        }
    }

    fn login(&self, app_id: &str, privilege: Privilege) -> Arc<LoginPool> {
        let mut logins = lock(&self.logins);
        let pool = logins.entry((app_id.to_owned(), privilege)).or_insert_with(|| {
            Arc::new(LoginPool {
                app_id: app_id.into(),
                privilege,
                permits: Arc::new(Semaphore::new(self.limits.connections_per_login)),
                idle: Mutex::default(),
                parameter_types: Mutex::default(),
                generation: AtomicU64::new(0),
            })
        });
        Arc::clone(pool)
    }

    /// A connection that was used and whose session is clean.
    pub(super) fn put_back(&self, pool: &LoginPool, mut pooled: Pooled) {
        if pooled.born.elapsed() > self.limits.age_max {
            return;
        }
        {
            let mut idle = lock(&pool.idle);
            // Under the lock that `retire` takes after it has raised the generation.
            if pooled.generation != pool.generation.load(Ordering::SeqCst) {
                return;
            }
            pooled.permit.set_idle(true);
            idle.push(Idle { pooled, since: Instant::now() });
        }
        // Checked after the push: a caller that began to wait before it has not seen this connection.
        if self.permits.is_wanted() {
            self.close_oldest_idle();
        }
    }

    /// `false`: there is none.
    fn close_oldest_idle(&self) -> bool {
        let logins = lock(&self.logins);
        let oldest = logins
            .values()
            .filter_map(|pool| Some((lock(&pool.idle).first()?.since, pool)))
            .min_by_key(|(since, _)| *since);
        let Some((_, pool)) = oldest else { return false };
        let mut idle = lock(&pool.idle);
        // Dropped when no lock is held: its permit goes to the next caller.
        let closed = (!idle.is_empty()).then(|| idle.remove(0));
        drop(idle);
        drop(logins);
        closed.is_some()
    }

    /// Close connections that were idle for a while, and remove pools that have nothing open.
    pub(crate) fn reap(&self) {
        lock(&self.logins).retain(|_, pool| {
            lock(&pool.idle).retain(|idle| idle.since.elapsed() < self.limits.idle);
            !lock(&pool.idle).is_empty() || Arc::strong_count(pool) > 1
        });
    }

    /// Close every idle connection of an app, and hand out none of those that are open now.
    pub(crate) fn forget(&self, app_id: &str) {
        for ((owner, _), pool) in lock(&self.logins).iter() {
            if owner == app_id {
                pool.retire();
            }
        }
    }

    /// Close every idle connection of every app, and hand out none of those that are open now.
    pub(crate) fn forget_all(&self) {
        lock(&self.logins).values().for_each(|pool| pool.retire());
    }

    /// How many open connections are idle.
    pub(crate) fn idle(&self) -> usize {
        lock(&self.logins).values().map(|pool| lock(&pool.idle).len()).sum()
    }
}

impl LoginPool {
    /// Close what is idle, and close what is in use when it is returned. The limit on connections stays.
    fn retire(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        lock(&self.idle).clear();
        lock(&self.parameter_types).clear();
    }

    /// The types of a statement's parameters, where they are known.
    pub(super) fn parameter_types(&self, sql: &str) -> Option<Arc<[u32]>> {
        lock(&self.parameter_types).get(sql).cloned()
    }

    pub(super) fn remember_types(&self, sql: &str, types: &Arc<[u32]>) {
        let mut known = lock(&self.parameter_types);
        if sql.len() <= TYPED_SQL_BYTES_MAX {
            if known.len() >= TYPED_MAX {
                known.clear();
            }
            known.insert(sql.into(), Arc::clone(types));
        }
    }

    /// The one used last: the others may then grow old enough to be closed.
    fn take_idle(&self) -> Option<Pooled> {
        loop {
            let mut pooled = lock(&self.idle).pop()?.pooled;
            if pooled.connection.is_alive() {
                pooled.permit.set_idle(false);
                return Some(pooled);
            }
        }
    }
}

async fn begin(login: &Login<'_>, privilege: Privilege) -> Result<(Connection, Session), WireError> {
    let mut connection = wire::connect(login).await?;
    let session = Session::begin(&mut connection, privilege).await?;
    Ok((connection, session))
}

/// The server is starting or stopping, or a connection closed a moment ago still counts.
fn is_passing(error: &WireError) -> bool {
    match error {
        WireError::Lost(_) => true,
        WireError::Refused(refusal) => {
            refusal.sqlstate.starts_with("08")
                || refusal.sqlstate.starts_with("57P")
                || refusal.sqlstate == "53300"
        }
        WireError::TooLarge(_) | WireError::Protocol(_) => false,
    }
}

/// A thread that panicked with the lock held has left a list of connections that is whole all the same.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
