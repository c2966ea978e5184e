//! One file a resource: decode, call one use case, encode.

pub(super) mod apps;
pub(super) mod call;
pub(super) mod config;
pub(super) mod deploy;
pub(super) mod env;
pub(super) mod error_page;
pub(super) mod functions;
pub(super) mod health;
pub(super) mod invoke;
pub(super) mod keys;
pub(super) mod logs;
pub(super) mod rls;
pub(super) mod schema;
pub(super) mod sql;
pub(super) mod tokens;
pub(super) mod usage;
pub(super) mod versions;
