//! `MigrateError`: why the platform's tables could not be migrated.

/// A failure of [`migrate()`](crate::migrate()). Nothing of the failed migration was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrateError {
    /// A query failed, or the connection did.
    #[error("the migrations could not be read or run: {0}")]
    Connection(#[source] tokio_postgres::Error),

    /// A migration that was applied before reads differently now.
    #[error(
        "migration {number:04}_{name} was changed after it had been applied \
         (applied {applied}, this build has {expected}): add a new migration instead"
    )]
    ChecksumChanged {
        /// Its number.
        number: i32,
        /// Its name in this build.
        name: &'static str,
        /// The SHA-256 that was recorded.
        applied: String,
        /// The SHA-256 of this build's text.
        expected: String,
    },

    /// The database was migrated by a newer build.
    #[error(
        "the database has migration {found}, this build knows migrations up to {known}: run a newer build"
    )]
    DatabaseIsNewer {
        /// The highest applied number.
        found: i32,
        /// The highest number that this build knows.
        known: i32,
    },

    /// A migration that must have been applied is missing between others.
    #[error("migration {number:04} was never applied although a later one was")]
    Gap {
        /// The missing number.
        number: i32,
    },

    /// The SQL of a migration failed.
    #[error("migration {number:04}_{name} failed: {source}")]
    Failed {
        /// Its number.
        number: i32,
        /// Its name.
        name: &'static str,
        /// What PostgreSQL said.
        #[source]
        source: tokio_postgres::Error,
    },
}
