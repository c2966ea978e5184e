//! The warden: sees what apps' sessions take of the one PostgreSQL that all share, and ends it before others feel it. It
//! has one connection, which waits for nothing of theirs.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;
use tokio_postgres::Client;
use tokio_util::task::AbortOnDropHandle;

use super::tenants::run_alongside;
use super::{TenantError, Tenants};
use mayfly_api::apps::AppState;

const SESSIONS: &str = include_str!("warden/sessions.sql");

/// Transactions of each app's database so far: one in which nothing happens need not be measured.
const TRANSACTIONS: &str =
    "SELECT datname::text, xact_commit + xact_rollback FROM pg_catalog.pg_stat_database
    WHERE datname ~ '^app_[0-9a-z]{12}$'";

/// How often databases are measured, and how many at once: it looks at each of their files.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
const MEASURED_MAX: usize = 50;

/// How often apps that are closed, or half deleted, are looked at again.
const TEND_EVERY: Duration = Duration::from_secs(30);

/// What one session may take.
#[derive(Debug, Clone)]
pub struct WardenLimits {
    /// Locks. All sessions share one table of some 50,000. Default: 5,000.
    pub locks_max: u32,
    /// How many times its own limit a statement may run: PostgreSQL's own timeout should have ended it. Default: 2.
    pub times: u32,
    /// How long a session that was ended may go on before its app is closed. Default: 5 s.
    pub grace: Duration,
}

impl Default for WardenLimits {
    fn default() -> Self {
        Self { locks_max: 5_000, times: 2, grace: Duration::from_secs(5) }
    }
}

/// The size of an app's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// The app.
    pub app_id: String,
    /// Bytes on the disk.
    pub bytes: u64,
}

/// Watches the sessions of all apps.
#[derive(Debug)]
pub struct Warden {
    tenants: Tenants,
    limits: WardenLimits,
    client: Option<Client>,
    /// Sessions that were ended and are still there, and since when.
    ended: HashMap<(i32, DateTime<Utc>), Instant>,
    /// Transactions of a database when it was measured.
    measured: HashMap<String, i64>,
    measured_at: Option<Instant>,
    tended_at: Option<Instant>,
    tending: Option<AbortOnDropHandle<()>>,
}

impl Warden {
    /// One for the databases of these apps.
    pub fn new(tenants: Tenants, limits: WardenLimits) -> Self {
        Self {
            tenants,
            limits,
            client: None,
            ended: HashMap::new(),
            measured: HashMap::new(),
            measured_at: None,
            tended_at: None,
            tending: None,
        }
    }

    /// Look once: end sessions that take too much, close apps whose sessions do not end, and measure databases.
    ///
    /// # Errors
    /// [`TenantError::Store`] when PostgreSQL cannot be reached: the next look connects again.
    pub async fn look(&mut self) -> Result<Vec<Measured>, TenantError> {
        let client = match self.client.take() {
            Some(client) if !client.is_closed() => client,
            _ => connect(&self.tenants).await?,
        };
        let stuck = self.end_sessions(&client).await?;
        for (app_id, process) in &stuck {
            let reason = format!("a statement of the app does not end (process {process} of PostgreSQL)");
            self.tenants.close_app(app_id, &reason).await?;
        }
        let measured = if is_due(self.measured_at, MEASURE_EVERY) {
            self.measured_at = Some(Instant::now());
            self.measure(&client).await?
        } else {
            Vec::new()
        };
        self.client = Some(client);
        // Beside the looks: it may wait for locks of tenants'.
        if is_due(self.tended_at, TEND_EVERY)
            && self.tending.as_ref().is_none_or(AbortOnDropHandle::is_finished)
        {
            self.tended_at = Some(Instant::now());
            self.tending = Some(run_alongside(tend(self.tenants.clone(), stuck)));
        }
        Ok(measured)
    }

    /// Gives the apps with sessions that go on although they were ended, and one process of each.
    async fn end_sessions(&mut self, client: &Client) -> Result<HashMap<String, i32>, TenantError> {
        let limits = self.tenants.limits();
        let millis = |limit: Duration| limit.as_secs_f64() * 1e3 * f64::from(self.limits.times);
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [
            &i64::from(self.limits.locks_max),
            &millis(limits.script_timeout),
            &millis(limits.statement_timeout),
        ];
        let rows = client.query(SESSIONS, &params).await?;
        let mut still = HashMap::new();
        let mut stuck = HashMap::new();
        for row in &rows {
            let (process, begun): (i32, DateTime<Utc>) = (row.get(0), row.get(1));
            let (app_id, locks, ms): (String, i64, f64) = (row.get(2), row.get(3), row.get(4));
            let since = self.ended.get(&(process, begun)).copied();
            if since.is_none() {
                self.tenants.count_ended_session();
                tracing::warn!(
                    app = app_id,
                    process,
                    locks,
                    ms,
                    "a session of an app takes too much: ending it"
                );
            }
            client.execute("SELECT pg_catalog.pg_terminate_backend($1)", &[&process]).await?;
            let since = since.unwrap_or_else(Instant::now);
            still.insert((process, begun), since);
            if since.elapsed() >= self.limits.grace {
                stuck.insert(app_id, process);
            }
        }
        self.ended = still;
        Ok(stuck)
    }

    /// The sizes of databases in which something happened since they were measured.
    async fn measure(&mut self, client: &Client) -> Result<Vec<Measured>, TenantError> {
        let rows = client.query(TRANSACTIONS, &[]).await?;
        let now: HashMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        self.measured.retain(|app_id, _| now.contains_key(app_id));
        let is_changed = |(app_id, count): &(&String, &i64)| self.measured.get(*app_id) != Some(*count);
        let changed: Vec<&String> =
            now.iter().filter(is_changed).take(MEASURED_MAX).map(|(id, _)| id).collect();
        let sql = "SELECT datname::text, pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database
            WHERE datname = ANY ($1::text[]::name[])";
        let rows = client.query(sql, &[&changed]).await?;
        let counts = changed.iter().map(|app_id| ((*app_id).clone(), now[*app_id]));
        let counts: Vec<_> = counts.collect();
        self.measured.extend(counts);
        let sizes = rows
            .iter()
            .map(|row| Measured { app_id: row.get(0), bytes: row.get::<_, i64>(1).unsigned_abs() });
        Ok(sizes.collect())
    }
}

/// Look again at apps that are closed, or whose deletion was not finished.
async fn tend(tenants: Tenants, stuck: HashMap<String, i32>) {
    let apps = match tenants.store().apps().list().await {
        Ok(apps) => apps,
        Err(error) => return tracing::warn!(%error, "apps could not be tended to; this is tried again"),
    };
    for app in apps {
        let outcome = match app.state {
            AppState::Ready if app.closed_reason.is_some() && !stuck.contains_key(&app.id) => {
                tenants.tend(&app.id).await.map(|_| ())
            }
            AppState::Deleting => tenants.delete(&app.id).await,
            AppState::Ready | AppState::Provisioning => Ok(()),
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, app = app.id, "an app could not be tended to; this is tried again");
        }
    }
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|last| last.elapsed() >= every)
}

async fn connect(tenants: &Tenants) -> Result<Client, TenantError> {
    let endpoint = tenants.endpoint();
    let client = endpoint.admin(endpoint.platform_database()).await?;
    // It waits for no lock, and a look that takes long is given up.
    client.batch_execute("SET statement_timeout = '10s'; SET lock_timeout = '1s'").await?;
    Ok(client)
}

impl Tenants {
    /// Say whether an app's database is larger than it may be: functions can only read it then.
    ///
    /// # Errors
    /// When the platform's own tables cannot be used.
    pub async fn set_database_full(&self, app_id: &str, full: bool) -> Result<(), TenantError> {
        if self.store().apps().set_database_full(app_id, full).await? {
            tracing::warn!(app = app_id, full, "an app's database is at its limit, or below it again");
            self.forget(app_id);
        }
        Ok(())
    }
}
