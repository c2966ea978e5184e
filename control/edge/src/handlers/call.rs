//! `ANY /v1/{app}/fn/...`: a request to a function, and the function's answer to it.

use bytes::Bytes;
use http::StatusCode;
use mayfly_runtime::{Body, OnTheLine, Response};

use crate::headers::{forward, write_function_headers};
use crate::rescue::write_rate_limit;
use crate::stage::{Admitted, CallRequest};
use crate::{Edge, Reply, reply};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_core::auth::CallAccess;
use mayfly_core::invoke::{Invocation, Trigger};
use mayfly_telemetry::trace::Trace;

pub(crate) async fn call(edge: &Edge, request: Admitted) -> ApiResult<Reply> {
    let CallRequest { access, room, id, peer, head, body } = request.into_call()?;
    let CallAccess { target, caller, identity } = access;
    let path = head.uri.path().to_owned();
    let trace = Trace::of(&head.headers);
    let request = forward(&edge.base, head, body);
    let invocation = Invocation {
        target,
        request,
        path,
        caller,
        identity,
        trigger: Trigger::Http,
        request_id: id,
        ip: peer,
        trace,
        slot: room.slot,
    };
    let mut running = edge.invoker.start(invocation).await?;
    let response = running.reply().await.map_err(|error| error.with_rate_limit(room.rate_limit.clone()))?;
    let mut reply = to_reply(response, running.line(), &running.id)?;
    write_rate_limit(reply.headers_mut(), &room.rate_limit);
    Ok(reply)
}

/// The function's answer as it goes out. The runtime has checked it already; what is wrong here is ours.
fn to_reply(response: Response, line: Option<OnTheLine>, invocation_id: &str) -> ApiResult<Reply> {
    let status = StatusCode::from_u16(response.status).map_err(ApiError::internal)?;
    let has_body = !matches!(status.as_u16(), 204 | 205 | 304);
    let mut reply = match response.body.filter(|_| has_body) {
        Some(Body::Stream(chunks)) => reply::of_function(chunks, line),
        Some(Body::Whole(bytes)) => served(bytes, line),
        None => served(Bytes::new(), line),
    };
    *reply.status_mut() = status;
    write_function_headers(reply.headers_mut(), response.headers, invocation_id)?;
    Ok(reply)
}

fn served(body: Bytes, line: Option<OnTheLine>) -> Reply {
    if let Some(line) = line {
        line.served();
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
