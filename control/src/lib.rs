//! The `mayfly` server: HTTP edge, deploy, invoke, data, records.

pub mod postgres;
pub mod providers;
pub mod secrets;
pub mod store;
pub mod tenant;
mod wire;
