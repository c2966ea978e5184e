//! `Engine::invoke`: instantiate, call, collect, tear down.

mod call;
mod outcome;

pub use call::{Call, Request};
pub use outcome::{Background, LogEntry, LogLevel, Outcome, Response, Usage};
