//! Deletes expired idempotency claims from the apps' databases. Rows that another transaction holds are left for the
//! next sweep (`SKIP LOCKED`).

use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_tenant_db::tenant::{TenantError, Tenants};

/// The job.
pub(super) struct ClaimsSweep {
    pub(super) tenants: Tenants,
}

impl Job for ClaimsSweep {
    const NAME: &'static str = "claims_sweep";
    const EVERY: Duration = Duration::from_secs(30 * 60);
    const SHARED: bool = true;
    type Error = TenantError;

    async fn run(&self) -> Result<(), TenantError> {
        match self.tenants.sweep_all_claims().await? {
            0 => {}
            claims => tracing::info!(claims, "expired idempotency claims removed"),
        }
        Ok(())
    }
}
