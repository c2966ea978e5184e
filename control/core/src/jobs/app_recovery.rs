//! Recovery of partially created or deleted apps, and of databases that lost their grants: after a start, then daily.

use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_tenant_db::tenant::{TenantError, Tenants};

/// The job.
pub(super) struct AppRecovery {
    pub(super) tenants: Tenants,
}

impl Job for AppRecovery {
    const NAME: &'static str = "app_recovery";
    const EVERY: Duration = Duration::from_secs(24 * 60 * 60);
    // What a crash left half done is not served until it is ready, so no request waits for this.
    const FIRST: Duration = Duration::ZERO;
    const RETRY: Duration = Duration::from_secs(60);
    type Error = TenantError;

    async fn run(&self) -> Result<(), TenantError> {
        self.tenants.recover().await
    }
}
