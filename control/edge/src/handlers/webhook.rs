//! `POST /v1/{app}/webhook/{name}`: a provider's delivery, passed on as it arrived, and answered by the function or the host.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode};
use mayfly_api::error::{ApiError, ApiResult};

use super::call::to_reply;
use crate::Edge;
use crate::headers::forward;
use crate::reply::{self, Reply};
use crate::services::{EdgeServices, WebhookReply};
use crate::stage::Managed;

/// On the answer to a delivery that came before.
const X_DUPLICATE: HeaderName = HeaderName::from_static("x-butterbase-duplicate");

pub(crate) async fn deliver<S: EdgeServices>(edge: &Edge<S>, request: Managed) -> ApiResult<Reply> {
    let Managed { context, head, found, body, .. } = request;
    let (Some(app), Some(name)) = (found.app, found.names.into_iter().next()) else {
        return Err(ApiError::internal("the path of a webhook has an app and a function"));
    };
    let request = forward(&edge.base, head, None);
    match edge.services.deliver_webhook(&app, &name, context, request, body).await? {
        WebhookReply::Function { response, guard, invocation_id } => {
            to_reply(response, guard, &invocation_id)
        }
        WebhookReply::Host { status, body } => {
            let status = StatusCode::from_u16(status).map_err(ApiError::internal)?;
            match body {
                Some(body) => reply::of(status, &body),
                None => {
                    let mut reply = reply::whole(Bytes::new());
                    *reply.status_mut() = status;
                    Ok(reply)
                }
            }
        }
        WebhookReply::Accepted(accepted) => reply::of(StatusCode::ACCEPTED, &accepted),
        WebhookReply::Duplicate(accepted) => {
            let mut reply = reply::of(StatusCode::OK, &accepted)?;
            reply.headers_mut().insert(X_DUPLICATE, HeaderValue::from_static("true"));
            Ok(reply)
        }
    }
}
