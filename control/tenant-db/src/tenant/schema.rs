//! The schema engine on an app's database: as the app's owner, recorded among the app's migrations.

mod states;

use std::time::Duration;

use chrono::{DateTime, Utc};
use mayfly_schema::{ApplyOutcome, Catalog, ChangeHistory, Declared, Options, Rules};
use tokio_postgres::Client;

use super::admin::ManagementClient;
use super::{TenantError, Tenants};
use crate::db::{DbLimits, ProvenCall, TenantCredentials};
use crate::identity::Privilege;
use mayfly_postgres::{PostgresEndpoint, quote_literal};

/// Tables of one app at most.
const TABLES_MAX: usize = 50;

/// The platform's own objects in an app's schema `public`.
const HIDDEN: [&str; 2] = ["_idempotency_keys", "current_user_id()"];

/// A change of an app's schema.
#[derive(Debug, Clone, Default)]
pub struct SchemaChange {
    /// Only show what would be done.
    pub dry_run: bool,
    /// Long work on large tables is done after the transaction.
    pub online: bool,
    /// It may do everything that loses nothing, and nothing else.
    pub lossless: bool,
    /// What its author calls it.
    pub name: Option<String>,
    /// The key that it came with.
    pub key_id: Option<String>,
    /// `apply` or `rollback`.
    pub kind: String,
}

/// A recorded change, as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedChange {
    /// 1, 2, 3... within the app; a number may be missing.
    pub id: i64,
    /// What its author called it.
    pub name: Option<String>,
    /// `script`, `apply`, `rollback` or `rls`.
    pub kind: String,
    /// The SQL.
    pub sql: String,
    /// SHA-256 of the SQL, in hexadecimal.
    pub checksum: String,
    /// The key that it came with.
    pub key_id: Option<String>,
    /// When.
    pub applied_at: DateTime<Utc>,
    /// How long it took, in microseconds.
    pub duration_us: u64,
    /// The schema's fingerprint afterwards, where it is known.
    pub fingerprint: Option<String>,
}

/// How an app's declaration is read.
pub fn rules() -> Rules {
    let alias = |name: &str| (name.to_owned(), format!("butterbase_{name}"));
    Rules {
        tables_max: Some(TABLES_MAX),
        reserved: vec!["_idempotency_keys".to_owned()],
        role_aliases: ["user", "anon", "service"].map(alias).into(),
        // What `close_gaps` sees to after every change.
        always_forced: true,
    }
}

/// How a recorded state is read: it was within the limits of its time.
pub fn schema_rules_unbounded() -> Rules {
    Rules { tables_max: None, ..rules() }
}

impl Tenants {
    /// The app's schema as it is.
    ///
    /// # Errors
    /// [`TenantError::Missing`], [`TenantError::Schema`]
    pub async fn schema(&self, app_id: &str) -> Result<Catalog, TenantError> {
        let (mut client, options) = self.owner(app_id, &SchemaChange::default()).await?;
        Ok(mayfly_schema::read(&mut client, &options).await?)
    }

    /// Bring the app to the declared schema, or show what that would take. A second one waits for the first.
    ///
    /// # Errors
    /// [`TenantError::Schema`]; nothing was changed then.
    pub async fn apply_schema(
        &self,
        app_id: &str,
        declared: &Declared,
        change: &SchemaChange,
    ) -> Result<ApplyOutcome, TenantError> {
        let limits = self.limits();
        let _lock = self.migration_lock(app_id, limits.lock_timeout).await?;
        let _exclusive = self.exclusive(app_id).await?;
        self.change_locked(app_id, declared, change).await
    }

    /// The caller holds the app's migration lock and the advisory lock on its database.
    async fn change_locked(
        &self,
        app_id: &str,
        declared: &Declared,
        change: &SchemaChange,
    ) -> Result<ApplyOutcome, TenantError> {
        if !change.dry_run {
            self.fill_gap(app_id).await?;
        }
        let (mut client, options) = self.owner(app_id, change).await?;
        let history = self.history_of(app_id, &client, change).await?;
        let mut outcome = mayfly_schema::apply(&mut client, declared, &options, &history).await?;
        self.record_late_steps(app_id, &mut outcome).await;
        Ok(outcome)
    }

    /// All changes, newest first.
    ///
    /// # Errors
    /// [`TenantError::Missing`] and [`TenantError::NotReady`].
    pub async fn changes(&self, app_id: &str) -> Result<Vec<RecordedChange>, TenantError> {
        let client = self.admin(app_id).await?;
        let rows = client.query(include_str!("schema/changes.sql"), &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(RecordedChange {
                    id: row.try_get(0)?,
                    name: row.try_get(1)?,
                    kind: row.try_get(2)?,
                    sql: row.try_get(3)?,
                    checksum: row.try_get(4)?,
                    key_id: row.try_get(5)?,
                    applied_at: row.try_get(6)?,
                    duration_us: row.try_get::<_, i64>(7)?.unsigned_abs(),
                    fingerprint: row.try_get(8)?,
                })
            })
            .collect()
    }

    /// A connection of the app's owner.
    pub(super) async fn owner(
        &self,
        app_id: &str,
        change: &SchemaChange,
    ) -> Result<(ManagementClient, Options), TenantError> {
        let credentials = self.credentials(app_id).await?;
        let limits = self.limits();
        let permit = self.management_permit(app_id).await?;
        let client = Self::managed(connect(self.endpoint(), &credentials, limits).await?, permit);
        let options = Options {
            hidden: HIDDEN.map(str::to_owned).to_vec(),
            lock_timeout: limits.lock_timeout,
            statement_timeout: limits.script_timeout,
            dry_run: change.dry_run,
            online: change.online,
            lossless: change.lossless,
            name: change.name.clone(),
            key_id: change.key_id.clone(),
            kind: change.kind.clone(),
            ..Options::default()
        };
        Ok((client, options))
    }

    /// The app's own table of migrations, to which only the host adds: it signs for this change on this connection.
    pub(super) async fn history_of(
        &self,
        app_id: &str,
        client: &Client,
        change: &SchemaChange,
    ) -> Result<ChangeHistory, TenantError> {
        let process = client.query_one("SELECT pg_catalog.pg_backend_pid()", &[]).await?.try_get(0)?;
        let key_id = change.key_id.as_deref().unwrap_or_default();
        let credentials = self.credentials(app_id).await?;
        let proof = credentials.proof(ProvenCall::Change, [&change.kind, key_id], process);
        // Of hexadecimal digits and dots alone.
        let signed = format!("{}, {}, '{proof}'", quote_literal(&change.kind), quote_literal(key_id));
        Ok(ChangeHistory {
            session_lock: None,
            lock: Some(format!("SELECT mayfly.begin_change({signed})")),
            prepare: None,
            finish: Some(format!("SELECT mayfly.close_gaps(); SELECT mayfly.end_change({signed})")),
            record: format!("SELECT mayfly.record_schema($1, $2, $3, $4, $5, $6, $7, $8, $9, '{proof}')"),
            // Its owner cannot change a record: `record_late_steps` does.
            amend: None,
        })
    }
}

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

async fn connect(
    endpoint: &PostgresEndpoint,
    credentials: &TenantCredentials,
    limits: &DbLimits,
) -> Result<Client, TenantError> {
    let owner = Privilege::Owner.login(credentials.app_id());
    let mut config = endpoint.client_config(credentials.app_id());
    config.user(&owner).connect_timeout(CONNECT_TIMEOUT);
    if !endpoint.is_managed() {
        config.password(credentials.password());
    }
    let settings = credentials.settings(Privilege::Owner, limits);
    let options: Vec<String> =
        settings.iter().map(|(name, value)| format!("-c {name}={}", escaped(value))).collect();
    config.options(options.join(" "));
    let (client, connection) = config.connect(endpoint.tls()).await?;
    drive(connection);
    Ok(client)
}

/// Drives a connection. Its error is the client's too.
#[allow(clippy::disallowed_methods, reason = "a connection's driver ends when its client is dropped")]
fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(connection);
}

/// A value within the startup packet's `options`.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(' ', "\\ ")
}
