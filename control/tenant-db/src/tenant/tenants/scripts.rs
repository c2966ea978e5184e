//! Scripts of an app's owner: running one, and listing those that were run.

use chrono::{DateTime, Utc};

use super::{Tenants, provision};
use crate::tenant::TenantError;
use crate::tenant::script::{self, AppliedScript, MigrationScript};

/// Migrations listed at most.
const MIGRATIONS_MAX: i64 = 1000;

impl Tenants {
    /// Run a script as the app's owner, in one transaction, and record it.
    ///
    /// # Errors
    /// [`TenantError::Script`] with what PostgreSQL said and where; [`StoreError::Conflict`] while the app runs
    /// another one.
    ///
    /// [`StoreError::Conflict`]: mayfly_store::StoreError::Conflict
    pub async fn run_script(
        &self,
        app_id: &str,
        script: MigrationScript,
    ) -> Result<AppliedScript, TenantError> {
        let (tenants, app_id) = (self.clone(), app_id.to_owned());
        // What a script has committed is closed again, and told, also when its caller has gone away.
        self.0.tasks.attached(async move { tenants.run_to_its_end(&app_id, script).await }).await
    }

    async fn run_to_its_end(
        &self,
        app_id: &str,
        script: MigrationScript,
    ) -> Result<AppliedScript, TenantError> {
        let credentials = self.credentials(app_id).await?;
        let _lock = self.0.migration_locks.try_lock(app_id, self.0.pools.limits().connect_wait).await?;
        // No other node changes this database at the same time: a repair that changes the same grants would make one of
        // the two fail.
        let _exclusive = provision::exclusive(&self.0.endpoint, app_id).await?;
        self.fill_gap(app_id).await?;
        let mut applied = script::run(&self.0.endpoint, &credentials, self.0.pools.limits(), script).await?;
        applied.fingerprint = self.try_record_state(app_id, applied.id).await;
        // What open connections know of the app's routines and tables is out of date, here and on the other nodes.
        self.0.pools.forget(app_id);
        let announced = self.0.store.apps().announce(app_id).await;
        // A script may have brought an extension, and with it functions and languages for everyone. It was committed:
        // whatever fails from here on is no failure of the script, and no reason to leave the rest undone.
        let hardened = self
            .with_blueprint(app_id, async |blueprint| provision::harden(&self.0.endpoint, &blueprint).await);
        if let Err(error) = hardened.await {
            self.close_app(app_id, &format!("its database could not be closed after a script: {error}"))
                .await?;
        }
        announced?;
        Ok(applied)
    }

    /// The scripts that were run, newest first.
    ///
    /// # Errors
    /// [`TenantError::Missing`] and [`TenantError::NotReady`].
    pub async fn scripts(&self, app_id: &str) -> Result<Vec<AppliedScript>, TenantError> {
        let client = self.admin(app_id).await?;
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
}
