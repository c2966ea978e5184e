//! The harness from outside: ways answer rightly, loads count rightly, reports are what their schema says.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test spawns and reads the environment by itself, and may panic"
)]

mod load;
mod options;
mod reports;
mod ways;
