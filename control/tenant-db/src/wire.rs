//! A small PostgreSQL client for connections on which tenants' SQL runs.
//!
//! It speaks the extended protocol with text results, sees every transaction status, counts
//! bytes as they arrive, and does a whole use of a connection in one round trip. The reasons for our own are in
//! `docs/decisions/0003-own-wire-client-for-tenants.md`.

mod cancel;
mod connect;
mod connection;
mod error;
mod handshake;
mod message;
mod portal;
mod query;
mod scram;
mod stream;

pub(crate) use connect::{Login, connect};
pub(crate) use connection::Connection;
pub(crate) use error::{Refusal, WireError};
pub(crate) use message::{Field, TransactionStatus, Values};
pub(crate) use portal::OpenPortal;
pub(crate) use query::{Exchange, RowSink, StatementName};
