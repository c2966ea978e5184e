//! What tools ask of the server that they run in.

use std::future::Future;

use bytes::Bytes;
use http::Method;
use mayfly_api::error::{ApiError, ApiResult};
use serde_json::{Map, Value};

use crate::outcome::ToolOutcome;

/// Serves what tools ask for, as the one who calls them. Cheap to clone.
pub trait ToolHost: Clone + Send + Sync + 'static {
    /// A call that was let through, until it has ended.
    type Ticket: Send;

    /// Let a call of a tool through, or not: policies, approvals, counters. It is written down either way.
    fn admit(
        &self,
        tool: &'static str,
        arguments: &Map<String, Value>,
        request: &RouteRequest,
    ) -> impl Future<Output = ApiResult<Self::Ticket>> + Send;

    /// The tools that the caller may call, at least with some arguments: others are not listed.
    fn listed(&self) -> impl Future<Output = ApiResult<Vec<&'static str>>> + Send;

    /// Decide an approval in the name of the client's user, who was asked.
    fn decide(&self, approval: &str, approve: bool) -> impl Future<Output = ApiResult<()>> + Send;

    /// Write down a call that is none.
    fn refuse(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
        error: &ApiError,
    ) -> impl Future<Output = ApiResult<()>> + Send;

    /// Write down how a call ended.
    fn settle(&self, ticket: Self::Ticket, outcome: &ToolOutcome) -> impl Future<Output = ()> + Send;

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
