//! `GET /errors/{code}`: the page that every error body points at, served by the server that made it.

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use mayfly_api::error::{ApiError, ApiResult, page};

use crate::reply::{self, Reply};
use crate::stage::Managed;

pub(crate) fn get(request: &Managed) -> ApiResult<Reply> {
    let code = request.found.names.first().map_or("", String::as_str);
    let text = page(code).ok_or_else(|| ApiError::not_found("this error code"))?;
    let mut reply = reply::whole(text.as_bytes());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/markdown; charset=utf-8"));
    Ok(reply)
}
