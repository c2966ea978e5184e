//! The use cases: what the server does, knowing neither HTTP nor SQL text.

pub mod admission;
pub mod app_config;
pub mod apps;
pub mod auth;
pub mod deploy;
pub mod env;
pub mod functions;
pub mod health;
pub mod idle;
pub mod invoke;
pub mod keys;
pub mod logs;
pub mod news;
pub mod resealing;
pub mod retention;
pub mod rollouts;
pub mod schema;
pub mod sql;
pub mod sweep;
pub mod tokens;
pub mod usage;
pub mod verify;
