//! Where the server finds its PostgreSQL.

use std::ffi::OsString;
use std::path::PathBuf;

use mayfly_postgres::PostgresEndpoint;

/// Where PostgreSQL comes from.
#[derive(Clone)]
pub enum DatabaseSource {
    /// A cluster of Mayfly's own in the data directory.
    Managed {
        /// The process's `PATH`, to find PostgreSQL's programs in.
        path: Option<OsString>,
        /// The directory of those programs, when it is to be this one.
        binaries: Option<PathBuf>,
    },
    /// A server by its address.
    Url(String),
    /// A server that someone else started and will stop.
    Running(PostgresEndpoint),
}

impl std::fmt::Debug for DatabaseSource {
    // An address has a password in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Managed { .. } => "Managed",
            Self::Url(_) => "Url",
            Self::Running(_) => "Running",
        })
    }
}

impl DatabaseSource {
    /// The managed cluster, by this process's own `PATH` and `MAYFLY_PG_BIN`.
    #[allow(clippy::disallowed_methods, reason = "the program's settings read the environment")]
    pub fn managed() -> Self {
        let binaries = std::env::var_os("MAYFLY_PG_BIN").filter(|it| !it.is_empty()).map(PathBuf::from);
        Self::Managed { path: std::env::var_os("PATH"), binaries }
    }
}
