//! Compiles and runs one function, safely. Knows no HTTP server, no PostgreSQL and no tenant.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test spawns by itself"))]

mod artifact;
mod aside;
mod body;
mod clock;
mod compile;
mod digest;
mod engine;
mod error;
mod hangup;
mod host;
mod image;
mod invoke;
mod limits;
pub mod providers;
mod replay;
mod sandbox;

pub use aside::step_aside;
pub use body::{Body, Chunks, CollectError};
#[doc(hidden)]
pub use compile::Allocation;
pub use compile::{Build, SOURCE_BYTES_MAX, Source, SourceMap, compile_worker, imports};
pub use engine::{Engine, EngineConfig, EngineError};
pub use error::{Blame, CompileError, Fault, SourcePlace, Thrown};
pub use hangup::{Hangup, OnTheLine};
pub use image::Image;
pub use invoke::{Background, Call, LogEntry, LogLevel, Outcome, Request, Response, Usage};
pub use limits::{FUEL_PER_CPU_MS, Limits};
pub use mayfly_abi::node::MODULES as NODE_MODULES;
pub use replay::{InvalidRecording, Recording, Replay};
