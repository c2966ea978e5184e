//! Tests of the API's routes, one file per resource.

mod apps;
mod call;
mod config;
mod cors;
mod deploy;
mod env;
mod errors;
mod functions;
mod health;
mod hosts;
mod idempotency_key;
mod invoke;
mod keys;
mod limits;
mod log_stream;
mod logs;
mod masking;
mod rls;
mod schema;
mod schema_history;
mod sql;
mod tokens;
mod usage;
mod verify;
mod versions;
