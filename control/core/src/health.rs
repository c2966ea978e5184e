//! Health checks: liveness, and readiness by subsystem.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::ApiResult;
use mayfly_api::health::{Liveness, Readiness, ReadyState, Subsystem, SubsystemState};
use mayfly_api::routes::Live;
use mayfly_quota::ConcurrencyLimiter;
use mayfly_store::{POSTGRESQL, Sink, Store};
use mayfly_tenant_db::tenant::Tenants;

use crate::hot::HotCompiler;

/// Longer than any healthy answer, shorter than an orchestrator's patience.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Use cases of health.
#[derive(Debug, Clone)]
pub struct Health {
    /// The platform's tables.
    pub store: Store,
    /// Apps' databases.
    pub tenants: Tenants,
    /// Records.
    pub sink: Sink,
    /// Sandboxes.
    pub concurrency: ConcurrencyLimiter,
    /// Has hot functions compiled.
    pub hot: HotCompiler,
    /// Set once a shutdown has start.
    pub stop: CancellationToken,
}

impl Health {
    /// Look at every subsystem.
    pub async fn readiness(&self) -> Readiness {
        let postgresql = match tokio::time::timeout(PING_TIMEOUT, self.store.ping()).await {
            Ok(Ok(())) => None,
            Ok(Err(_)) => Some("cannot be reached"),
            Err(_) => Some("does not answer in time"),
        };
        let listener = self.stop.is_cancelled().then_some("is shutting down");
        let is_ready = postgresql.is_none() && listener.is_none();
        let subsystem = |trouble: Option<&str>| Subsystem {
            status: if trouble.is_none() { SubsystemState::Ok } else { SubsystemState::Down },
            message: trouble.map(str::to_owned),
        };
        Readiness {
            status: if is_ready { ReadyState::Ready } else { ReadyState::Unavailable },
            version: env!("CARGO_PKG_VERSION").to_owned(),
            subsystems: [(POSTGRESQL, postgresql), ("listener", listener)]
                .map(|(name, trouble)| (name.to_owned(), subsystem(trouble)))
                .into(),
            invocations_running: self.concurrency.in_use(),
            records_dropped: self.sink.counts().dropped,
            sessions_ended: self.tenants.sessions_ended(),
            compile_hot: self.hot.state(),
        }
    }
}

impl Handler<Live> for Health {
    async fn handle(&self, _: ApiCall<Live>) -> ApiResult<Liveness> {
        Ok(Liveness { status: "alive".to_owned() })
    }
}
