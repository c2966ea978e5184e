//! A small PostgreSQL client for connections on which tenants' SQL runs.
//!
//! It speaks the extended protocol with text results, sees every transaction status, counts
//! bytes as they arrive, and does a whole use of a connection in one round trip. Why it is our own stands in
//! `docs/decisions/0003-own-wire-client-for-tenants.md`.

mod cancel;
mod connect;
mod connection;
mod error;
mod message;
mod portal;
mod query;
mod scram;
mod stream;

pub(crate) use connect::{Login, connect};
pub(crate) use connection::{Connection, TransactionStatus};
pub(crate) use error::{Refusal, WireError};
pub(crate) use message::Values;
pub(crate) use portal::Opening;
pub(crate) use query::{Exchange, Field, Name, RowSink};
