//! What every integration test stands on.

pub mod app;
pub mod client;
pub mod cluster;
pub mod tenants;
