//! The HTTP edge: listener, layers, routes, handlers. Start reading at `stack.rs`.

mod body;
pub mod client;
mod dispatch;
mod handlers;
mod headers;
mod json;
mod layers;
mod query;
mod reply;
mod rescue;
mod route;
mod server;
mod sse;
mod stack;
mod stage;

pub use dispatch::{Edge, UseCases};
pub use headers::Base;
pub(crate) use reply::Reply;
pub use route::{Route, RouteError, SchemaRoute};
pub use server::{Draining, Server};
