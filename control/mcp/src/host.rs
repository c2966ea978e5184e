//! What tools ask of the server that they run in.

use std::future::Future;

use bytes::Bytes;
use http::Method;
use mayfly_api::error::{ApiError, ApiResult};
use serde_json::{Map, Value};

/// Serves what tools ask for, as the one who calls them. Cheap to clone.
pub trait ToolHost: Clone + Send + Sync + 'static {
    /// Send a request to a route, with the caller's own credentials.
    fn ask(&self, request: RouteRequest) -> impl Future<Output = ApiResult<RouteAnswer>> + Send;

    /// What a caller is told of a failure.
    fn problem(&self, error: &ApiError) -> Map<String, Value>;
}

/// A request to a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRequest {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: String,
    /// JSON, where the route takes a body.
    pub body: Option<Bytes>,
}

/// What a route answers.
#[derive(Debug, Clone)]
pub struct RouteAnswer {
    /// The status.
    pub status: u16,
    /// Its body: JSON, or a text of another type.
    pub body: Bytes,
}
