//! The use cases: what the server does. They know neither HTTP messages nor SQL text.

pub mod admission;
pub mod agents;
pub mod app_cache;
pub mod app_config;
pub mod apps;
pub mod auth;
pub mod deploy;
pub mod env;
pub mod explain;
pub mod function_management;
pub mod functions;
pub mod health;
pub mod invalidation;
pub mod invoke;
pub mod jobs;
pub mod keys;
pub mod logs;
pub mod schema;
pub mod sockets;
pub mod sql;
pub mod storage;
pub mod test_call;
pub mod tokens;
pub mod triggers;
pub mod usage;
pub mod verify;
