//! Shared support of the integration tests: servers, clients, origins, tokens.
#![allow(clippy::disallowed_methods, reason = "a test spawns, reads the clock and the environment by itself")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "a test that cannot go on fails here and now"
)]

pub mod app;
pub mod authority;
pub mod client;
pub mod cluster;
pub mod disk;
pub mod origin;
pub mod process;
pub mod secure_origin;
pub mod siege;
pub mod socket;
pub mod tenants;
pub mod token;
pub mod tsc;
pub mod wait;
