//! The schema after each change: kept with its record, so that the history has no gaps.
//!
//! The schema engine records its own changes in the same transaction. A script is free to do anything, so what it made
//! of the schema is read when it is done, under the same advisory lock; if that fails, by the next change.

use super::super::{TenantError, Tenants};
use super::{SchemaChange, schema_rules_unbounded};
use mayfly_schema::{ApplyOutcome, Declared};

impl Tenants {
    /// The fingerprint of the app's schema as it is.
    ///
    /// # Errors
    /// As [`schema`](Self::schema).
    pub async fn fingerprint(&self, app_id: &str) -> Result<String, TenantError> {
        Ok(mayfly_schema::apply::fingerprint(&self.schema(app_id).await?))
    }

    /// A state that was recorded under this fingerprint, as a declaration.
    ///
    /// # Errors
    /// [`TenantError::Schema`] when the record does not read as one.
    pub async fn state_of(&self, app_id: &str, fingerprint: &str) -> Result<Option<Declared>, TenantError> {
        let client = self.admin(app_id).await?;
        let row = client
            .query_opt(
                "SELECT schema::text FROM mayfly.migrations
                 WHERE fingerprint = $1 AND schema IS NOT NULL ORDER BY id DESC LIMIT 1",
                &[&fingerprint],
            )
            .await?;
        let Some(row) = row else { return Ok(None) };
        let read = Declared::read(row.try_get(0)?, &schema_rules_unbounded());
        Ok(Some(read.map_err(mayfly_schema::SchemaError::from)?))
    }

    /// The schema recorded with a migration, and what was renamed after it, newest first.
    pub(super) async fn recorded_states(
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

    /// Records the present schema with a migration; gives its fingerprint. The caller holds the advisory lock on the
    /// database.
    pub(in crate::tenant) async fn record_state(
        &self,
        app_id: &str,
        migration: i64,
    ) -> Result<String, TenantError> {
        let catalog = self.schema(app_id).await?;
        let fingerprint = mayfly_schema::apply::fingerprint(&catalog);
        let schema = mayfly_schema::write::write(&catalog, true).to_string();
        let client = self.admin(app_id).await?;
        client
            .execute(
                "UPDATE mayfly.migrations SET schema = $2::text::json, fingerprint = $3 WHERE id = $1",
                &[&migration, &schema, &fingerprint],
            )
            .await?;
        Ok(fingerprint)
    }

    /// Before a change: the present state is the one that the last change left, so it is recorded where that is
    /// missing.
    pub(in crate::tenant) async fn fill_gap(&self, app_id: &str) -> Result<(), TenantError> {
        let client = self.admin(app_id).await?;
        let newest = client
            .query_opt("SELECT id, fingerprint IS NULL FROM mayfly.migrations ORDER BY id DESC LIMIT 1", &[])
            .await?;
        let Some(newest) = newest else { return Ok(()) };
        if newest.try_get::<_, bool>(1)? {
            self.try_record_state(app_id, newest.try_get(0)?).await;
        }
        Ok(())
    }

    /// Records the state of a change that is done: the change did not fail because its state could not be read.
    pub(in crate::tenant) async fn try_record_state(&self, app_id: &str, migration: i64) -> Option<String> {
        self.record_state(app_id, migration)
            .await
            .inspect_err(|error| {
                tracing::warn!(%error, app = app_id, migration, "recording the schema after a change failed; the next change will retry");
            })
            .ok()
    }

    /// What ran after the transaction is not in the record yet.
    pub(super) async fn record_late_steps(&self, app_id: &str, outcome: &mut ApplyOutcome) {
        let is_late = outcome.plan.steps.iter().any(|step| step.outside);
        if let Some(migration) = outcome.migration.filter(|_| is_late)
            && let Some(fingerprint) = self.try_record_state(app_id, migration).await
        {
            outcome.fingerprint = fingerprint;
        }
    }

    /// Back to the schema that was recorded with a migration, where nothing is lost by it.
    ///
    /// # Errors
    /// [`SchemaError::NoSuchState`](mayfly_schema::SchemaError::NoSuchState), and
    /// [`SchemaError::Loses`](mayfly_schema::SchemaError::Loses) when something would be lost.
    pub async fn rollback_schema(
        &self,
        app_id: &str,
        migration: i64,
        change: &SchemaChange,
    ) -> Result<ApplyOutcome, TenantError> {
        let _lock = self.migration_lock(app_id, self.limits().lock_timeout).await?;
        let _exclusive = self.exclusive(app_id).await?;
        // Read under the lock: no other change renames anything.
        let recorded = self.recorded_states(app_id, migration).await?;
        let (schema, later) = recorded.ok_or(mayfly_schema::SchemaError::NoSuchState(migration))?;
        let declared = mayfly_schema::history::past_state(&schema, &later, &super::rules())?;
        self.change_locked(app_id, &declared, change).await
    }
}
