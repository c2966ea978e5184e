//! The warden over apps' sessions and databases, each second on one node: ends what takes too much, closes apps whose
//! statements do not end, and lets functions of a database that is too large only read.

use std::time::Duration;

use mayfly_common::jobs::Job;
use mayfly_tenant_db::tenant::{Measured, TenantError, Tenants, Warden, WardenLimits};
use tokio::sync::Mutex;

use crate::app_cache::AppCache;

/// The job.
pub(super) struct WardenJob {
    tenants: Tenants,
    apps: AppCache,
    warden: Mutex<Warden>,
}

impl WardenJob {
    pub(super) fn new(tenants: Tenants, apps: AppCache) -> Self {
        let warden = Mutex::new(Warden::new(tenants.clone(), WardenLimits::default()));
        Self { tenants, apps, warden }
    }

    async fn compare(&self, measured: Measured) -> Result<(), TenantError> {
        // One whose settings cannot be read now is compared when something happens in it again.
        let Ok(Some(app)) = self.apps.find(&measured.app_id).await else { return Ok(()) };
        let full = measured.bytes > app.limits.database_bytes;
        self.tenants.set_database_full(&measured.app_id, full).await
    }
}

impl Job for WardenJob {
    const NAME: &'static str = "warden";
    const EVERY: Duration = Duration::from_secs(1);
    const SHARED: bool = true;
    type Error = TenantError;

    async fn run(&self) -> Result<(), TenantError> {
        let measured = self.warden.lock().await.look().await?;
        for database in measured {
            self.compare(database).await?;
        }
        Ok(())
    }
}
