//! `GET /readyz`: 200 or 503, with the same body.

use http::StatusCode;
use mayfly_api::error::ApiResult;
use mayfly_api::health::ReadyState;

use crate::Edge;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;

pub(crate) async fn ready<S: EdgeServices>(edge: &Edge<S>) -> ApiResult<Reply> {
    let readiness = edge.services.readiness().await;
    let status = match readiness.status {
        ReadyState::Ready => StatusCode::OK,
        ReadyState::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    };
    reply::of(status, &readiness)
}
