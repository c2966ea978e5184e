//! `POST /v1/{app}/functions/{name}/invoke`: a test call as the service role, answered with all that it did.

use http::StatusCode;
use mayfly_api::endpoint::{OptionalJson, RequestBody as _};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::functions::InvokeFunction;

use crate::Edge;
use crate::headers::mark_invocation;
use crate::reply::{self, Reply};
use crate::rescue::write_rate_limit;
use crate::services::{EdgeServices, TestCall};
use crate::stage::Managed;

pub(crate) async fn invoke<S: EdgeServices>(
    edge: &Edge<S>,
    request: Managed,
    permit: S::Permit,
) -> ApiResult<Reply> {
    let OptionalJson::<InvokeFunction>(wanted) = OptionalJson::decode(&request.body)?;
    let (Some(app), Some(manager)) = (request.found.app, request.manager) else {
        return Err(ApiError::internal("a test call has an app and a manager"));
    };
    let name = request.found.names.into_iter().next().unwrap_or_default();
    let rate_limit = S::rate_limit(&permit).clone();
    let url = format!("{}/v1/{app}/fn/{name}", edge.base.as_str());
    let (headers, context) = (request.head.headers, request.context);
    let call = TestCall { app, name, manager, headers, wanted, url, context, permit };
    let invoked = edge.services.invoke(call).await?;
    let mut reply = reply::of(StatusCode::OK, &invoked)?;
    mark_invocation(reply.headers_mut(), &invoked.invocation_id)?;
    write_rate_limit(reply.headers_mut(), &rate_limit);
    Ok(reply)
}
