//! Websocket triggers: frames on the app's socket. The socket lives in the host, and each event runs in a sandbox of its
//! own; `sockets` has the sockets themselves and their channels.

mod answer;
mod config;
mod event;
mod frame;
mod parts;
mod session;
mod sockets;

pub(crate) use config::Websocket;
pub use parts::WebsocketParts;
pub use session::WebsocketSession;
pub use sockets::Websockets;
