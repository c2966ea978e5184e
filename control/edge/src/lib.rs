//! The HTTP edge: listener, layers, handlers of what is no plain endpoint. Start reading at `stack.rs`.

mod body;
mod dispatch;
mod handlers;
mod headers;
mod layers;
mod loopback;
mod paced;
mod policy_gate;
mod reply;
mod rescue;
mod server;
mod services;
mod settings;
mod socket;
mod sse;
mod stack;
mod stage;
mod trusted_proxies;

pub use headers::Base;
pub use server::{Draining, Server};
pub use services::{
    AgentToolCall, EdgeServices, RunCall, RunningCall, SocketSession, TailItem, TestCall, ToolCall, ToolEnd,
    WebhookReply,
};
pub use settings::{AccessLog, EdgeLimits};
pub use socket::Sockets;
pub use trusted_proxies::TrustedProxies;

pub(crate) use reply::Reply;

/// What every request is served with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Edge<S> {
    /// The use cases.
    pub services: S,
    /// The address that callers use.
    pub base: std::sync::Arc<Base>,
    /// What serves sockets, once a request has become one.
    pub sockets: Sockets,
}
