//! `POST /mcp`: a message of the Model Context Protocol. What a tool asks for is a request of its caller to another route.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Either, Full};
use mayfly_api::error::{ApiError, ApiResult, problem};
use mayfly_mcp::{McpService, RouteAnswer, RouteRequest, ToolHost};
use serde_json::{Map, Value};

use crate::Edge;
use crate::layers::request_id::X_REQUEST_ID;
use crate::loopback::Loopback;
use crate::reply::Reply;
use crate::services::EdgeServices;
use crate::stage::Managed;

/// Headers of the message that its requests carry on.
const CARRIED: [http::HeaderName; 4] = [
    AUTHORIZATION,
    HOST,
    http::HeaderName::from_static("traceparent"),
    http::HeaderName::from_static("tracestate"),
];

pub(crate) async fn serve<S: EdgeServices>(
    edge: &Edge<S>,
    loopback: Loopback,
    request: Managed,
) -> ApiResult<Reply> {
    let Managed { context, head, body, .. } = request;
    let mut headers = HeaderMap::new();
    for name in CARRIED {
        if let Some(value) = head.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(X_REQUEST_ID, HeaderValue::from_str(&context.id).map_err(ApiError::internal)?);
    let host = Caller { loopback, headers, request_id: context.id, base: edge.base.as_str().into() };
    let (head, body) = McpService::serve(host, head, body).await.into_parts();
    let is_json = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if head.status.is_client_error() && !is_json {
        return Err(refused(
            head.status,
            body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
        ));
    }
    let is_stream = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let body = if is_stream {
        Either::Right(body.map_err(|never| match never {}).boxed_unsync())
    } else {
        Either::Left(Full::new(body.collect().await.map(|body| body.to_bytes()).unwrap_or_default()))
    };
    Ok(Reply::from_parts(head, body))
}

/// What the protocol says in plain text becomes an error like all others.
fn refused(status: StatusCode, text: Bytes) -> ApiError {
    let text = String::from_utf8_lossy(&text).into_owned();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found(text),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::method_not_allowed("POST"),
        _ => ApiError::invalid("", text),
    }
}

/// The caller of a tool.
#[derive(Debug, Clone)]
struct Caller {
    loopback: Loopback,
    headers: HeaderMap,
    request_id: Arc<str>,
    base: Arc<str>,
}

impl ToolHost for Caller {
    async fn ask(&self, wanted: RouteRequest) -> ApiResult<RouteAnswer> {
        let mut request = Request::new(Full::new(wanted.body.unwrap_or_default()));
        *request.method_mut() = wanted.method;
        *request.uri_mut() = wanted.path.parse().map_err(ApiError::internal)?;
        *request.headers_mut() = self.headers.clone();
        let reply = self.loopback.ask(request).await;
        let status = reply.status().as_u16();
        let body = reply.into_body().collect().await;
        let body = body.map_err(ApiError::internal)?.to_bytes();
        Ok(RouteAnswer { status, body })
    }

    fn problem(&self, error: &ApiError) -> Map<String, Value> {
        problem(error, &self.request_id, &self.base)
    }
}
