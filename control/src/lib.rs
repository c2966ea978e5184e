//! The `mayfly` server: HTTP edge, deploy, invoke, data, records.

pub mod app;
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod error;
pub mod fields;
pub mod http;
pub mod ids;
pub mod names;
pub mod postgres;
pub mod providers;
pub mod quota;
pub mod secrets;
pub mod service;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod tenant;
pub mod tls;
pub mod trace;
mod wire;
