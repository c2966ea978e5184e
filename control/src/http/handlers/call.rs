//! `ANY /v1/{app}/fn/...`: a request to a function, and the function's answer to it.

use http::StatusCode;
use mayfly_runtime::Response;

use crate::auth::CallAccess;
use crate::error::{ApiError, ApiResult};
use crate::http::headers::{forward, write_function_headers};
use crate::http::rescue::write_standing;
use crate::http::stage::{Admitted, CallRequest};
use crate::http::{Edge, Reply, reply};
use crate::service::invoke::{Invocation, Trigger};
use crate::trace::Trace;

pub(in crate::http) async fn call(edge: &Edge, request: Admitted) -> ApiResult<Reply> {
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
    let response = running.reply().await.map_err(|error| error.with_standing(room.standing.clone()))?;
    let mut reply = to_reply(response, &running.id)?;
    write_standing(reply.headers_mut(), &room.standing);
    Ok(reply)
}

/// The function's answer as it goes out. The runtime has checked it already; what is wrong here is ours.
fn to_reply(response: Response, invocation_id: &str) -> ApiResult<Reply> {
    let status = StatusCode::from_u16(response.status).map_err(ApiError::internal)?;
    let has_body = !matches!(status.as_u16(), 204 | 205 | 304);
    let body = response.body.filter(|_| has_body).unwrap_or_default();
    let mut reply = reply::whole(body);
    *reply.status_mut() = status;
    write_function_headers(reply.headers_mut(), response.headers, invocation_id)?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn a_null_body_status_has_no_body() {
        let response =
            Response { status: 204, headers: vec![], body: Some(Bytes::from_static(b"not to be seen")) };
        let reply = to_reply(response, "inv_1").unwrap();
        assert_eq!(reply.headers()["x-invocation-id"], "inv_1");
        assert!(reply.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}
