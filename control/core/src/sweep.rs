//! Sweeps expired claims out of the apps' databases, now and then, on every node: what one is at, another leaves alone.

use std::time::Duration;

use mayfly_tenant_db::tenant::Tenants;

/// How long after one sweep the next one begins, and how long after the start the first.
const EVERY: Duration = Duration::from_secs(30 * 60);

/// Sweep for as long as the server runs.
pub async fn keep(tenants: Tenants) {
    loop {
        tokio::time::sleep(EVERY).await;
        match tenants.sweep_all_claims().await {
            Ok(0) => {}
            Ok(claims) => tracing::info!(claims, "expired idempotency claims removed"),
            Err(error) => {
                tracing::warn!(%error, "expired claims could not be looked for, trying again later")
            }
        }
    }
}
