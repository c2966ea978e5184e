//! `POST /v1/{app}/usage/verify`: runs a recorded invocation again.

use http::StatusCode;
use mayfly_api::decode;
use mayfly_api::error::ApiResult;
use mayfly_api::usage::VerifyUsage;

use crate::Edge;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;
use crate::stage::Managed;

pub(crate) async fn verify<S: EdgeServices>(
    edge: &Edge<S>,
    request: Managed,
    permit: S::Permit,
) -> ApiResult<Reply> {
    let wanted: VerifyUsage = decode::body(&request.body)?;
    let app = request.found.app.unwrap_or_default();
    let verified = edge.services.verify_usage(&app, &wanted.invocation, permit).await?;
    reply::of(StatusCode::OK, &verified)
}
