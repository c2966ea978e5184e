//! PostgreSQL: a managed cluster in the data directory, or a server given by URL.

mod account;
mod address;
mod binaries;
mod cluster;
mod cluster_config;
mod endpoint;
mod error;
mod layout;
mod process;
mod stale;
mod supervise;
mod tls;
mod url;

pub use address::ServerAddress;
pub use binaries::{Binaries, ServerVersion};
pub use cluster::Cluster;
pub use cluster_config::ClusterConfig;
pub use endpoint::PostgresEndpoint;
pub use error::{ClusterError, EndpointError};
pub use tls::Tls;

/// Quotes an identifier for SQL text.
pub fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a text as a literal for SQL text, for the statements that take no parameters.
pub fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
