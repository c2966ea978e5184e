//! Errors of the managed cluster and of database URLs, with what to do about them.

use std::path::PathBuf;

use mayfly_common::tls::AuthoritiesError;

/// Why a database URL cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// It cannot be read.
    #[error("the database URL cannot be used: {0}")]
    Url(String),
    /// It names more than one server.
    #[error("the database URL names several hosts; name one")]
    SeveralHosts,
    /// It asks for an unknown TLS mode.
    #[error(
        "the database URL has sslmode={0}, which is not known here: use require (the certificate is checked; name its authority with sslrootcert) or disable"
    )]
    TlsMode(String),
    /// The file of trusted certificates cannot be used.
    #[error("{0}")]
    RootCertificates(#[from] AuthoritiesError),
}

/// Why the managed cluster does not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// No server programs were found on this machine.
    #[error(
        "no PostgreSQL {0} or newer was found on this machine: install it (Debian: apt install postgresql; macOS: brew install postgresql@17), name its directory with MAYFLY_PG_BIN, or give a server with --database-url"
    )]
    NotFound(u32),
    /// Only old ones were found, which do not keep tenants apart.
    #[error(
        "PostgreSQL {found} in {directory} does not keep tenants safely apart: update it to {needed} or newer"
    )]
    TooOld {
        /// Its version.
        found: String,
        /// Where it is.
        directory: PathBuf,
        /// The oldest safe one of that line.
        needed: String,
    },
    /// The data was made by another major version.
    #[error(
        "the cluster in {directory} was made by PostgreSQL {made_by}, which is not on this machine: install it, or move the data with pg_dumpall"
    )]
    OtherMajor {
        /// The cluster's directory.
        directory: PathBuf,
        /// The version that made it.
        made_by: String,
    },
    /// Another Mayfly serves that data directory.
    #[error("another mayfly runs with the data directory {0}")]
    InUse(PathBuf),
    /// We are root, PostgreSQL refuses root, and there is no unprivileged user.
    #[error(
        "PostgreSQL does not run as root, and this machine has neither a user `postgres` nor a user `nobody`"
    )]
    NoUnprivilegedUser,
    /// A file or directory could not be made or read.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried: "cannot create".
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// `initdb` failed.
    #[error("initdb failed: {0}")]
    Initdb(String),
    /// The server ended while it was starting.
    #[error("PostgreSQL did not start; its log {log} ends with: {tail}")]
    Exited {
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
    /// The server runs and accepts no connection.
    #[error("PostgreSQL accepted no connection in time: {0}")]
    NotReady(String),
}

impl ClusterError {
    pub(super) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}
