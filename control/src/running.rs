//! An invocation, as the edge sees it.

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_core::invoke::{Called, Running};
use mayfly_edge::RunningCall;
use mayfly_runtime::{DisconnectGuard, Response};

/// An invocation that runs, or that answered before, as the edge sees it.
#[derive(Debug)]
pub enum RunningInvocation {
    /// It runs.
    Running(Box<Running>),
    /// It answered an earlier request with the same key.
    Replayed {
        /// `inv_...`
        id: String,
        /// Its response, until it is taken.
        response: Option<Response>,
    },
}

impl From<Called> for RunningInvocation {
    fn from(called: Called) -> Self {
        match called {
            Called::Running(running) => Self::Running(running),
            Called::Replayed { invocation_id, response } => {
                Self::Replayed { id: invocation_id, response: Some(response) }
            }
        }
    }
}

impl RunningCall for RunningInvocation {
    fn id(&self) -> &str {
        match self {
            Self::Running(running) => &running.id,
            Self::Replayed { id, .. } => id,
        }
    }

    async fn response(&mut self) -> ApiResult<Response> {
        match self {
            Self::Running(running) => running.response().await,
            Self::Replayed { response, .. } => {
                response.take().ok_or_else(|| ApiError::internal("the response was taken before"))
            }
        }
    }

    fn disconnect_guard(&mut self) -> Option<DisconnectGuard> {
        match self {
            Self::Running(running) => running.disconnect_guard(),
            Self::Replayed { .. } => None,
        }
    }
}
