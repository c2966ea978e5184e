//! The whole product from outside, in one binary.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails here and now"
)]

mod data;
mod hostile;
mod journeys;
mod routes;
