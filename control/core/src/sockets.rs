//! Open sockets of this node, their channels, and what channels carry between nodes.
//!
//! A message goes to PostgreSQL first and comes to every node by notification, this one included: so all subscribers see
//! the messages of a channel in one order. Nothing here knows of functions: `triggers/websocket` runs them.

mod channels;
mod guest;
mod hub;
mod outbox;
pub mod presence;
mod publisher;
mod socket;

pub use channels::Channels;
pub use guest::{GuestSocket, check_channel};
pub use hub::{Hub, Registration, SocketLimits};
pub use outbox::Outbox;
pub use presence::Presence;
pub use publisher::Publisher;
pub use socket::Socket;
