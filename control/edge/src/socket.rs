//! Sockets: what a request becomes once it is upgraded. `pump` moves frames between the wire and the use cases.

mod pump;
mod wire;

use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::realtime::{SocketClose, close_code};
use mayfly_common::tasks::Tasks;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::services::SocketSession;
use crate::settings::EdgeLimits;
use wire::Wire;

/// Sockets that are closed because their client may have none, at one moment: beyond these the request is refused.
const REFUSALS_MAX: usize = 256;

/// Serves sockets. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sockets {
    tasks: Tasks,
    /// Fires when a shutdown begins.
    stop: CancellationToken,
    limits: EdgeLimits,
    refusals: Arc<Semaphore>,
}

impl Sockets {
    /// Sockets that a shutdown waits for; they end when `stop` says so.
    pub fn new(tasks: Tasks, stop: CancellationToken, limits: EdgeLimits) -> Self {
        Self { tasks, stop, limits, refusals: Arc::new(Semaphore::new(REFUSALS_MAX)) }
    }

    /// Serve a request as a socket from its answer on; or close it, with the reason why its client may not have one.
    pub(crate) fn serve<S: SocketSession>(&self, upgrade: OnUpgrade, opened: ApiResult<S>) -> ApiResult<()> {
        let (stop, limits) = (self.stop.clone(), self.limits);
        match opened {
            Ok(session) => {
                self.tasks.work(async move {
                    if let Some(wire) = upgraded(upgrade, &limits).await {
                        pump::run(wire, session.clone(), stop, limits).await;
                    }
                    Box::pin(session.end()).await;
                });
            }
            Err(error) => {
                let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() else { return Err(error) };
                self.tasks.work(async move {
                    if let Some(wire) = upgraded(upgrade, &limits).await {
                        Box::pin(wire.refuse(&refusal(&error), error.code().as_str())).await;
                    }
                    drop(permit);
                });
            }
        }
        Ok(())
    }
}

/// The connection, once the answer is sent.
async fn upgraded(upgrade: OnUpgrade, limits: &EdgeLimits) -> Option<Wire> {
    let upgraded = tokio::time::timeout(limits.header_timeout, upgrade).await;
    match upgraded {
        Ok(Ok(io)) => Some(Wire::new(TokioIo::new(io), limits.socket_write_timeout).await),
        // The client is gone before it had its answer.
        Ok(Err(_)) | Err(_) => None,
    }
}

/// How the socket of a client ends that may have none.
fn refusal(error: &ApiError) -> SocketClose {
    let code = match error.code() {
        Code::AppPaused
        | Code::AppClosed
        | Code::QuotaRateLimit
        | Code::ConcurrencyLimit
        | Code::Overloaded => close_code::TRY_LATER,
        code if code.status().is_server_error() => close_code::INTERNAL,
        _ => close_code::POLICY,
    };
    SocketClose::new(code, error.message())
}
