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
mod slots;
mod transaction;

pub(crate) use access::{Access, Locator, session_settings};
pub use bounds::DbBounds;
pub(crate) use database::{AppDatabase, RESET};
pub(crate) use error::{guest_error, timed_out};
pub(crate) use pool::Pools;
