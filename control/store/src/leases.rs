//! The table of job leases: one node runs a shared job until its lease expires or another one's begins.

use std::time::Duration;

use crate::{Store, StoreError};

/// The table of job leases.
#[derive(Debug, Clone, Copy)]
pub struct LeasesTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of job leases.
    pub fn leases(&self) -> LeasesTable<'_> {
        LeasesTable { store: self }
    }
}

impl LeasesTable<'_> {
    /// Take the lease of that name for so long, or renew it. `false`: another node has it.
    ///
    /// Time is the database's own: the nodes' clocks do not matter.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn take(&self, name: &str, node: &str, duration: Duration) -> Result<bool, StoreError> {
        let client = self.store.client().await?;
        let taken = client
            .execute(
                "INSERT INTO job_leases (name, node, expires_at) VALUES ($1, $2, now() + $3 * interval '1 s')
                 ON CONFLICT (name) DO UPDATE SET node = EXCLUDED.node, expires_at = EXCLUDED.expires_at
                 WHERE job_leases.node = EXCLUDED.node OR job_leases.expires_at <= now()",
                &[&name, &node, &duration.as_secs_f64()],
            )
            .await?;
        Ok(taken == 1)
    }
}
