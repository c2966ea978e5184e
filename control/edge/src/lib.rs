//! The HTTP edge: listener, layers, routes, handlers. Start reading at `stack.rs`.

mod body;
mod dispatch;
mod handlers;
mod headers;
mod json;
mod layers;
mod query;
mod reply;
mod rescue;
mod server;
mod settings;
mod sse;
mod stack;
mod stage;

pub use dispatch::{Edge, UseCases};
pub use headers::Base;
pub(crate) use reply::Reply;
pub use server::{Draining, Server};
pub use settings::{AccessLog, EdgeLimits};
