//! Handlers of the routes whose answer is no plain JSON, or that run something in a sandbox: one file a route. All other
//! routes are endpoints, served by the use cases themselves.

pub(crate) mod app_mcp;
pub(crate) mod approval_page;
pub(crate) mod call;
pub(crate) mod error_page;
pub(crate) mod invoke;
pub(crate) mod log_stream;
pub(crate) mod mcp;
pub(crate) mod mcp_metadata;
mod mcp_session;
pub(crate) mod openapi;
pub(crate) mod ready;
pub(crate) mod realtime;
pub(crate) mod run;
pub(crate) mod storage;
pub(crate) mod verify_usage;
pub(crate) mod webhook;
