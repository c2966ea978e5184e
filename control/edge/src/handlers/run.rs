//! `POST /v1/{app}/run`: code that runs once, answered with all that it did.

use http::StatusCode;
use mayfly_api::endpoint::{Json, RequestBody as _};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::mcp::AgentSession;
use mayfly_api::run::RunCode;

use crate::Edge;
use crate::headers::mark_invocation;
use crate::reply::{self, Reply};
use crate::rescue::write_rate_limit;
use crate::services::{EdgeServices, RunCall};
use crate::stage::Managed;

pub(crate) async fn run<S: EdgeServices>(
    edge: &Edge<S>,
    request: Managed,
    permit: S::Permit,
) -> ApiResult<Reply> {
    let Json::<RunCode>(wanted) = Json::decode(&request.body)?;
    let (Some(app), Some(manager)) = (request.found.app, request.manager) else {
        return Err(ApiError::internal("code that runs once has an app and a manager"));
    };
    let rate_limit = S::rate_limit(&permit).clone();
    let base = edge.base.as_str().to_owned();
    let session = request.head.extensions.get::<AgentSession>().cloned();
    let (headers, context) = (request.head.headers, request.context);
    let call = RunCall { app, manager, session, headers, wanted, base, context, permit };
    let ran = edge.services.run_code(call).await?;
    let mut reply = reply::of(StatusCode::OK, &ran)?;
    mark_invocation(reply.headers_mut(), &ran.invocation_id)?;
    write_rate_limit(reply.headers_mut(), &rate_limit);
    Ok(reply)
}
