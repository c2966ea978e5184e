//! The `mayfly` program: builds every component from its settings, and serves.

pub mod app;
pub mod cli;
pub mod config;
pub mod running;
pub mod use_cases;
