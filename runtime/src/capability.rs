//! The host's side of each capability: a file a capability, each knowing its own state and nothing of the sandbox.

pub(crate) mod completion;
pub(crate) mod compute;
pub(crate) mod console;
pub(crate) mod database;
pub(crate) mod deadline;
pub(crate) mod fetch;
pub(crate) mod idempotency;
pub(crate) mod nondeterminism;
pub(crate) mod operations;
mod outgoing;
pub(crate) mod queue;
pub(crate) mod realtime;
pub(crate) mod request;
pub(crate) mod timers;
pub(crate) mod waiting;
pub(crate) mod websocket;
