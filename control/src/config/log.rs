//! Settings of the log.

use clap::{Args, ValueEnum};
use mayfly_edge::AccessLog;
use mayfly_telemetry::{LogFormat, LogOptions};

/// Flags about logs.
#[derive(Debug, Clone, Args)]
pub struct LogArgs {
    /// Format of the log on stderr
    #[arg(long, env = "MAYFLY_LOG_FORMAT", value_enum, default_value_t = LogFormatArg::Human)]
    pub log_format: LogFormatArg,

    /// What is logged, as `level` or `target=level,...`
    #[arg(long, env = "MAYFLY_LOG", default_value = "info")]
    pub log: String,

    /// Which requests get a log line of their own (an invocation has its record in any case)
    #[arg(long, env = "MAYFLY_ACCESS_LOG", value_enum, default_value_t = AccessLogArg::Errors)]
    pub access_log: AccessLogArg,
}

/// `--log-format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    /// For people; in colour on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// `--access-log`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AccessLogArg {
    /// Every request.
    All,
    /// Those answered with 500 or more.
    Errors,
    /// None.
    Off,
}

impl From<AccessLogArg> for AccessLog {
    fn from(arg: AccessLogArg) -> Self {
        match arg {
            AccessLogArg::All => Self::All,
            AccessLogArg::Errors => Self::Errors,
            AccessLogArg::Off => Self::Off,
        }
    }
}

impl LogArgs {
    /// What the log's set-up needs.
    pub fn options(&self, no_color: bool) -> LogOptions {
        let format = match self.log_format {
            LogFormatArg::Human => LogFormat::Human,
            LogFormatArg::Json => LogFormat::Json,
        };
        LogOptions { format, filter: self.log.clone(), no_color }
    }
}
