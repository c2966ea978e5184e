//! Compiles and runs one function, safely. Knows no HTTP server, no PostgreSQL and no tenant.
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "a test spawns by itself"))]

mod artifact;
mod blocking;
mod body;
mod capability;
mod clock;
mod compile;
mod digest;
mod disconnect;
mod engine;
mod error;
mod guest;
mod guest_error;
mod host;
mod image;
mod invocation;
mod invoke;
mod limits;
mod meter;
pub mod providers;
mod recording;
mod replay;
mod sandbox;
mod script;
mod yield_now;

pub use body::{Body, Chunks, CollectError};
#[doc(hidden)]
pub use compile::Allocation;
pub use compile::native::{HotFunctions, NativeError};
pub use compile::{Build, SOURCE_BYTES_MAX, ScriptSource, Source, SourceMap, compile_worker, needs_bundler};
pub use disconnect::{DisconnectGuard, Disconnected};
pub use engine::{Engine, EngineConfig, HotImage};
pub use error::{Blame, CompileError, Fault, SourcePlace, Thrown, Waited};
pub use guest::EngineError;
#[doc(hidden)]
#[cfg(target_os = "linux")]
pub use guest::marked::Touched;
pub use image::Image;
pub use invocation::{
    Background, BackgroundPromise, Call, LogEntry, LogLevel, Outcome, PromiseState, Request, ResourceUsage,
    Response,
};
#[doc(hidden)]
#[cfg(target_os = "linux")]
pub use invoke::footprint::Footprint;
pub use limits::{FUEL_PER_CPU_MS, Limits};
pub use mayfly_abi::node::{BCRYPT, MODULES as NODE_MODULES, is_stand_in, whole_name as node_module};
pub use meter::Sample;
pub use recording::{InvalidRecording, Recording};
pub use replay::Replay;
pub use script::Script;
pub use yield_now::yield_now;
