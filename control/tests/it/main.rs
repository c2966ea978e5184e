//! The `mayfly` program as a process: settings, signals, exit codes, hot reload.
#![allow(clippy::disallowed_methods, reason = "a test spawns, reads the clock and the environment by itself")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails here and now"
)]

mod bad_input;
mod crash;
mod dev;
mod first_hour;
mod process;
mod realtime;
mod secrets;
mod serve;
mod verbs;
