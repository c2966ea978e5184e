//! `GET /openapi.json`: the description of this API, made of the route table.

use http::StatusCode;
use mayfly_api::openapi;

use crate::reply::{self, Reply};

pub(crate) fn get() -> Reply {
    reply::json(StatusCode::OK, openapi::text())
}
