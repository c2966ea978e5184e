//! `ANY /v1/{app}/s3/...`: the S3 endpoint of an app, which answers everything itself, errors too.

use mayfly_api::error::ApiResult;
use mayfly_runtime::Body;

use crate::Edge;
use crate::reply::{self, Reply};
use crate::services::EdgeServices;
use crate::stage::StorageRequest;

pub(crate) async fn serve<S: EdgeServices>(edge: &Edge<S>, request: StorageRequest) -> ApiResult<Reply> {
    let StorageRequest { context, head, app, body } = request;
    let (head, body) = edge.services.s3(&app, &context, head, body).await?.into_parts();
    let mut reply = match body {
        Body::Whole(bytes) => reply::whole(bytes),
        Body::Stream(chunks) => reply::of_function(chunks, None),
    };
    *reply.status_mut() = head.status;
    *reply.headers_mut() = head.headers;
    Ok(reply)
}
