//! Policies of apps' agents, as texts.

use chrono::{DateTime, Utc};

use super::AgentTables;
use crate::StoreError;

impl AgentTables<'_> {
    /// An app's policy and when it was set.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn policy(&self, app_id: &str) -> Result<Option<(String, DateTime<Utc>)>, StoreError> {
        let client = self.store.client().await?;
        let statement =
            client.prepare_cached("SELECT policy, updated_at FROM agent_policies WHERE app_id = $1").await?;
        let row = client.query_opt(&statement, &[&app_id]).await?;
        Ok(row.map(|row| (row.get(0), row.get(1))))
    }

    /// Set an app's policy.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app.
    pub async fn set_policy(&self, app_id: &str, policy: &str) -> Result<DateTime<Utc>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_one(
                "INSERT INTO agent_policies (app_id, policy) VALUES ($1, $2)
                 ON CONFLICT (app_id) DO UPDATE SET policy = EXCLUDED.policy, updated_at = clock_timestamp()
                 RETURNING updated_at",
                &[&app_id, &policy],
            )
            .await?;
        Ok(row.get(0))
    }

    /// Remove an app's policy, where there is one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_policy(&self, app_id: &str) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client.execute("DELETE FROM agent_policies WHERE app_id = $1", &[&app_id]).await?;
        Ok(())
    }
}
