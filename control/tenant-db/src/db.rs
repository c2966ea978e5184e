//! `ctx.db`: a tenant's statements, as one identity, over connections of our own.

mod access;
mod bounds;
mod checkout;
mod database;
mod encode;
mod error;
mod gate;
mod pool;
mod rows;
mod session;
mod slots;
mod statement;
mod transaction;

pub(crate) use access::{Access, Locator, session_settings};
pub use bounds::DbBounds;
pub(crate) use database::{AppDatabase, within_time};
pub(crate) use pool::Pools;
pub(crate) use statement::Request;
