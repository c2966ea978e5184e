//! Settings of the log.

use clap::{Args, ValueEnum};

/// Flags about logs.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Format of the log on stderr
    #[arg(long, env = "MAYFLY_LOG_FORMAT", value_enum, default_value_t = LogFormat::Human)]
    pub log_format: LogFormat,

    /// What is logged, as `level` or `target=level,...`
    #[arg(long, env = "MAYFLY_LOG", default_value = "info")]
    pub log: String,

    /// Which requests get a log line of their own (an invocation has its record in any case)
    #[arg(long, env = "MAYFLY_ACCESS_LOG", value_enum, default_value_t = AccessLog::Errors)]
    pub access_log: AccessLog,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people; in colour on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// Which requests the access log shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessLog {
    /// Every request.
    All,
    /// Those answered with 500 or more.
    Errors,
    /// None.
    Off,
}

/// What the log's set-up needs to know.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// See [`LogFormat`].
    pub format: LogFormat,
    /// An `EnvFilter` directive.
    pub filter: String,
    /// Whether colour is refused.
    pub no_color: bool,
}

impl LogArgs {
    /// What the log's set-up needs.
    pub fn options(&self, no_color: bool) -> LogOptions {
        LogOptions { format: self.log_format, filter: self.log.clone(), no_color }
    }
}
