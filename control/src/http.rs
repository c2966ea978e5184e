//! The HTTP edge: listener, layers, routes, handlers. Start reading at `stack.rs`.

pub mod client;
mod body;
mod dispatch;
mod handlers;
mod json;
mod layers;
mod rescue;
mod route;
mod server;
mod stack;
mod stage;

pub use dispatch::Edge;
pub use route::{Route, RouteError};
pub use server::{Draining, Server};

/// A response on its way out.
pub(crate) type Reply = ::http::Response<http_body_util::Full<bytes::Bytes>>;
