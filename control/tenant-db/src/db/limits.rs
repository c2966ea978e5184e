//! The limits of tenants' SQL, each with its unit and its default.

use std::time::Duration;

/// The longest SQL text, in bytes.
pub(crate) const SQL_BYTES_MAX: usize = 1 << 20;

/// The most parameters of a statement: the protocol counts them in 16 bits.
pub(crate) const PARAMS_MAX: usize = 65_535;

/// The limits of tenants' SQL.
#[derive(Debug, Clone)]
pub struct DbLimits {
    /// Rows of one result. Default: 100,000.
    pub rows_max: usize,
    /// Bytes of one result, as PostgreSQL sends it. Default: 16 MiB.
    pub result_bytes_max: usize,
    /// Bytes of all parameters of one statement, as they are sent. Default: 16 MiB.
    pub params_bytes_max: usize,
    /// One statement, from sending it to the end of its result. Default: 30 s.
    pub statement_timeout: Duration,
    /// Waiting for a lock. Default: 10 s.
    pub lock_timeout: Duration,
    /// A transaction without a statement for this long is ended. Default: 60 s.
    pub idle_in_transaction_timeout: Duration,
    /// Waiting for a connection, and opening it. Default: 5 s.
    pub connect_wait: Duration,
    /// Connections of one app as one privilege. PostgreSQL writes the commits of several together: fewer of them at once
    /// leave processors idle, also where there are but two. Default: 12.
    pub connections_per_login: usize,
    /// Connections of one app: what one privilege takes leaves some to the others. Default: 16.
    pub connections_per_app: usize,
    /// Connections of all apps. Default: 80.
    pub connections_max: usize,
    /// A connection that is idle this long is closed. Default: 60 s.
    pub idle: Duration,
    /// A connection of this age is closed after its use: backends grow. Default: 30 min.
    pub age_max: Duration,
    /// A `/sql` script as a whole. Default: 60 s.
    pub script_timeout: Duration,
}

impl Default for DbLimits {
    fn default() -> Self {
        Self {
            rows_max: 100_000,
            result_bytes_max: 16 << 20,
            params_bytes_max: 16 << 20,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            idle_in_transaction_timeout: Duration::from_secs(60),
            connect_wait: Duration::from_secs(5),
            connections_per_login: 12,
            connections_per_app: 16,
            connections_max: 80,
            idle: Duration::from_secs(60),
            age_max: Duration::from_secs(30 * 60),
            script_timeout: Duration::from_secs(60),
        }
    }
}
