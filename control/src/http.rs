//! The HTTP edge: listener, layers, routes, handlers. Start reading at `stack.rs`.

mod body;
pub mod client;
mod dispatch;
mod handlers;
mod headers;
mod json;
mod layers;
mod query;
mod rescue;
mod route;
mod server;
mod stack;
mod stage;

pub use dispatch::{Edge, UseCases};
pub use headers::Base;
pub use route::{Route, RouteError};
pub use server::{Draining, Server};

/// A response on its way out.
pub(crate) type Reply = ::http::Response<http_body_util::Full<bytes::Bytes>>;
