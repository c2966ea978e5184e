//! The Model Context Protocol: agents' tools, each an action over the route table; resources; prompts.
//!
//! It knows the API and no server: what a tool does is a request to a route, which a [`ToolHost`] serves.

mod action;
mod app_host;
mod app_server;
mod arguments;
mod elicitation;
mod host;
mod http_service;
mod outcome;
mod progress;
mod prompts;
mod resources;
mod route_call;
mod schemas;
mod server;
mod tools;

pub use app_host::{AppTool, AppToolHost, AppToolset};
pub use host::{RouteAnswer, RouteRequest, ToolHost};
pub use http_service::McpService;
pub use outcome::{AppToolOutcome, ToolOutcome};
pub use route_call::call_of_route;
pub use tools::names as tool_names;
