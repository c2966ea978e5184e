//! `ANY /v1/{app}/fn/...`: a request to a function, and the function's answer to it.

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_runtime::{Body, DisconnectGuard, Response};

use crate::Edge;
use crate::headers::{forward, write_function_headers};
use crate::reply::{self, Reply};
use crate::rescue::write_rate_limit;
use crate::services::{EdgeServices, RunningCall as _};
use crate::stage::AdmittedCall;

pub(crate) async fn call<S: EdgeServices>(edge: &Edge<S>, request: AdmittedCall<S>) -> ApiResult<Reply> {
    let AdmittedCall { context, head, authorized, permit, body } = request;
    let rate_limit = S::rate_limit(&permit).clone();
    let (path, is_head) = (head.uri.path().to_owned(), head.method == Method::HEAD);
    let request = forward(&edge.base, head, body);
    let mut running = edge.services.call(authorized, permit, context, request, path).await?;
    let response = running.response().await.map_err(|error| error.with_rate_limit(rate_limit.clone()))?;
    let guard = running.disconnect_guard();
    let length = content_length(&response).filter(|_| is_head);
    let mut reply = to_reply(response, guard, running.id())?;
    if let Some(length) = length {
        // There is no body to be counted: what the function says is what a GET would get.
        *reply.body_mut() = reply::whole(Bytes::new()).into_body();
        reply.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    write_rate_limit(reply.headers_mut(), &rate_limit);
    Ok(reply)
}

/// The length that a function gives its response.
fn content_length(response: &Response) -> Option<u64> {
    let (_, value) = response.headers.iter().find(|(name, _)| name == CONTENT_LENGTH.as_str())?;
    value.parse().ok()
}

/// The function's answer as it goes out. The runtime has checked it already; what is wrong here is ours.
pub(super) fn to_reply(
    response: Response,
    guard: Option<DisconnectGuard>,
    invocation_id: &str,
) -> ApiResult<Reply> {
    let status = StatusCode::from_u16(response.status).map_err(ApiError::internal)?;
    let has_body = !matches!(status.as_u16(), 204 | 205 | 304);
    let mut reply = match response.body.filter(|_| has_body) {
        Some(Body::Stream(chunks)) => reply::of_function(chunks, guard),
        Some(Body::Whole(bytes)) => served(bytes, guard),
        None => served(Bytes::new(), guard),
    };
    *reply.status_mut() = status;
    write_function_headers(reply.headers_mut(), response.headers, invocation_id)?;
    Ok(reply)
}

fn served(body: Bytes, guard: Option<DisconnectGuard>) -> Reply {
    if let Some(guard) = guard {
        guard.served();
    }
    reply::whole(body)
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_null_body_status_has_no_body() {
        let response = Response { status: 204, headers: vec![], body: Some("not to be seen".into()) };
        let reply = to_reply(response, None, "inv_1").unwrap();
        assert_eq!(reply.headers()["x-invocation-id"], "inv_1");
        assert!(reply.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}
