//! The PostgreSQL server behind everything: one of our own in the data directory, or one given by URL.

mod account;
mod binaries;
mod cluster;
mod endpoint;
mod error;
mod layout;
mod process;
mod stale;
mod supervise;
mod tls;
mod url;

pub use binaries::{Binaries, Version};
pub use cluster::{Cluster, ClusterConfig};
pub use endpoint::{Endpoint, Target};
pub use error::{ClusterError, EndpointError};
pub use tls::Tls;

/// The form in which an identifier can stand in SQL text.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The form in which a text can stand in SQL text, for the statements that take no parameters.
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
