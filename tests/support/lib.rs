//! What every integration test stands on.

pub mod cluster;
pub mod tenants;
