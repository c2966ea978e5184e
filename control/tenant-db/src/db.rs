//! `ctx.db`: a tenant's statements, as one identity, over connections of our own wire client.

mod allow_list;
mod checkout;
mod connection_permits;
mod credentials;
mod database;
mod encode;
mod error;
mod limits;
mod pool;
mod rows;
mod session;
mod statement;
mod transaction;

pub(crate) use credentials::{CredentialResolver, TenantCredentials, session_settings};
pub(crate) use database::AppDatabase;
pub use limits::DbLimits;
pub(crate) use pool::Pools;
pub(crate) use statement::UserStatement;
