//! What callers and server agree on: routes, requests, answers, error codes, identifiers. Pure: no I/O, no server.

pub mod error;
pub mod fields;
pub mod ids;
pub mod names;
pub mod policy;
pub mod route;
pub mod scope;
