//! Apps' own databases: provisioning, roles, connection pools, and `ctx.db` over them.

pub mod api_error;
pub mod changes;
pub mod db;
pub mod idempotency;
pub mod identity;
mod key_values;
pub mod queue;
pub mod tenant;
mod wire;
