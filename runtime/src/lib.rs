//! Compiles and runs one function, safely. Knows no HTTP server, no PostgreSQL and no tenant.

mod error;
mod invoke;
mod limits;
pub mod providers;

pub use error::{Blame, CompileError, Fault, SourcePlace, Thrown};
pub use invoke::{Background, Call, LogEntry, LogLevel, Outcome, Request, Response, Usage};
pub use limits::{FUEL_PER_CPU_MS, Limits};
