//! `/errors/{code}`: the page that every error body points at, served by the server that made it.

use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::{Reply, reply};
use mayfly_api::error::{ApiError, ApiResult, page};

pub(crate) fn get(code: &str) -> ApiResult<Reply> {
    let text = page(code).ok_or_else(|| ApiError::not_found("this error code"))?;
    let mut reply = reply::whole(text.as_bytes());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    Ok(reply)
}
