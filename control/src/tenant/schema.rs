//! The schema engine on an app's database: as the app's owner, recorded among the app's migrations.

use std::time::Duration;

use chrono::{DateTime, Utc};
use mayfly_schema::{Catalog, Declared, Ledger, Options, Outcome, Rules, SchemaError};
use tokio_postgres::Client;

use super::{Privilege, TenantError, Tenants};
use crate::postgres::Endpoint;
use crate::providers::db::{Access, DbBounds, session_settings};

/// Tables of one app at most.
const TABLES_MAX: usize = 50;

/// What the platform itself keeps in an app's `public`.
const HIDDEN: [&str; 2] = ["_idempotency_keys", "current_user_id()"];

/// A change of an app's schema.
#[derive(Debug, Clone, Default)]
pub struct SchemaChange {
    /// Only show what would be done.
    pub dry_run: bool,
    /// Long work on large tables is done after the transaction.
    pub online: bool,
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
    ) -> Result<Outcome, TenantError> {
        let bounds = self.bounds();
        let _turn = self.script_turn(app_id, bounds.lock_timeout).await?;
        let _alone = self.alone(app_id).await?;
        let (mut client, options) = self.owner(app_id, change).await?;
        Ok(mayfly_schema::apply(&mut client, declared, &options, &ledger()).await?)
    }

    /// Back to the schema that was recorded with a migration, where nothing is lost by it.
    ///
    /// # Errors
    /// [`SchemaError::NoSuchState`], [`SchemaError::Consent`] when something would be lost.
    pub async fn rollback_schema(
        &self,
        app_id: &str,
        migration: i64,
        change: &SchemaChange,
    ) -> Result<Outcome, TenantError> {
        let recorded = self.recorded_states(app_id, migration).await?;
        let (schema, later) = recorded.ok_or(SchemaError::NoSuchState(migration))?;
        let declared = mayfly_schema::history::past_state(&schema, &later, &rules())?;
        self.apply_schema(app_id, &declared, change).await
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

    /// The schema recorded with a migration, and what was renamed after it, newest first.
    async fn recorded_states(
        &self,
        app_id: &str,
        migration: i64,
    ) -> Result<Option<(String, Vec<String>)>, TenantError> {
        let client = self.admin(app_id).await?;
        let state = client
            .query_opt(
                "SELECT schema::text FROM mayfly.migrations WHERE id = $1 AND schema IS NOT NULL",
                &[&migration],
            )
            .await?;
        let Some(state) = state else { return Ok(None) };
        let later = client
            .query(
                "SELECT renames::text FROM mayfly.migrations
                 WHERE id > $1 AND renames IS NOT NULL ORDER BY id DESC",
                &[&migration],
            )
            .await?;
        let later = later.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        Ok(Some((state.try_get(0)?, later)))
    }

    /// A connection of the app's owner.
    pub(super) async fn owner(
        &self,
        app_id: &str,
        change: &SchemaChange,
    ) -> Result<(Client, Options), TenantError> {
        let access = self.access(app_id).await?;
        let bounds = self.bounds();
        let client = connect(self.endpoint(), &access, bounds).await?;
        let options = Options {
            hidden: HIDDEN.map(str::to_owned).to_vec(),
            lock_timeout: bounds.lock_timeout,
            statement_timeout: bounds.script_timeout,
            dry_run: change.dry_run,
            online: change.online,
            name: change.name.clone(),
            key_id: change.key_id.clone(),
            kind: change.kind.clone(),
            ..Options::default()
        };
        Ok((client, options))
    }
}

/// The app's own table of migrations, which its owner can only add to.
pub(super) fn ledger() -> Ledger {
    Ledger {
        session_lock: None,
        lock: Some("SELECT mayfly.lock_scripts()".to_owned()),
        prepare: None,
        finish: Some("SELECT mayfly.close_gaps()".to_owned()),
        record: "SELECT mayfly.record_schema($1, $2, $3, $4, $5, $6, $7, $8, $9)".to_owned(),
    }
}

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

async fn connect(endpoint: &Endpoint, access: &Access, bounds: &DbBounds) -> Result<Client, TenantError> {
    let owner = Privilege::Owner.login(access.app_id());
    let mut config = endpoint.client_config(access.app_id());
    config.user(&owner).connect_timeout(CONNECT_TIMEOUT);
    if !endpoint.is_managed() {
        config.password(access.password());
    }
    let settings = session_settings(Privilege::Owner, bounds);
    let options: Vec<String> =
        settings.iter().map(|(name, value)| format!("-c {name}={}", escaped(value))).collect();
    config.options(options.join(" "));
    let (client, connection) = config.connect(endpoint.tls()).await?;
    // Ends when the client is dropped; its error is the client's too.
    tokio::spawn(connection);
    Ok(client)
}

/// A value within the startup packet's `options`.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(' ', "\\ ")
}
