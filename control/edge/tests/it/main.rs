//! Tests of the edge over real connections, with a fake in the place of the use cases: no PostgreSQL, no sandbox.
#![allow(clippy::disallowed_methods, reason = "a test spawns by itself")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails here and now"
)]

mod bodies;
mod client;
mod cors;
mod errors;
mod fake;
mod fake_socket;
mod hosts;
mod node;
mod routes;
mod sockets;
mod stages;
mod streaming;
