//! The `mayfly` program as a process: settings, signals, exit codes, hot reload.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails here and now"
)]

mod dev;
mod process;
mod secrets;
mod serve;
mod verbs;
