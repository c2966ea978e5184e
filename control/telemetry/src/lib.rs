//! Logging: text on a terminal, JSON by flag, written by a thread of its own.

pub mod request;
pub mod trace;
mod writer;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

pub use writer::{Flush, LineWriter};

/// The target of the access log's lines.
pub const ACCESS: &str = "mayfly::access";

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people; in colour on a terminal.
    Human,
    /// One JSON object a line.
    Json,
}

/// Settings of the log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// See [`LogFormat`].
    pub format: LogFormat,
    /// An `EnvFilter` directive.
    pub filter: String,
    /// Whether colour is refused.
    pub no_color: bool,
}

/// Without what a library says of every refused request, unless its lines are asked for: the access log has them.
fn quiet(filter: EnvFilter, asked: &str) -> EnvFilter {
    match "s3s=off".parse() {
        Ok(directive) if !asked.contains("s3s") => filter.add_directive(directive),
        _ => filter,
    }
}

/// Set up the process's subscriber. The returned guard flushes when dropped; a second call changes nothing.
pub fn init(options: &LogOptions) -> Flush {
    let (writer, flush) = LineWriter::start(std::io::stderr());
    let filter = EnvFilter::try_new(&options.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = quiet(filter, &options.filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    let ansi = std::io::stderr().is_terminal() && !options.no_color;
    let set = match options.format {
        LogFormat::Human => builder.with_ansi(ansi).with_target(false).finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    };
    if set.is_err() {
        tracing::debug!("a subscriber was set already");
    }
    flush
}
