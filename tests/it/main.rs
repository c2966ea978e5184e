//! Black-box tests of the whole product, in one binary.
#![allow(clippy::disallowed_methods, reason = "a test spawns, reads the clock and the environment by itself")]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails here and now"
)]

mod adapters;
mod agents;
mod browser;
mod compile_worker;
mod data;
mod examples;
mod fetch;
mod hostile;
mod hot;
mod house;
mod journeys;
mod npm;
mod openapi;
mod packages;
mod python;
mod routes;
mod schema;
mod siege;
mod storage;
mod triggers;
mod typescript;
