//! The inputs and outputs of an invocation: `Call`, `Request`, `Response`, `Outcome`.

use std::ops::Range;
use std::time::Duration;

use crate::body::Body;
use crate::disconnect::Disconnected;
use crate::error::Fault;
use crate::limits::Limits;
use crate::providers::Grants;
use crate::recording::Recording;

/// An HTTP request, as the function sees it. The embedder has already stripped what would forge an identity.
#[derive(Debug, Default)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The absolute URL that the caller used.
    pub url: String,
    /// Names (lower case) and values in order.
    pub headers: Vec<(String, String)>,
    /// The body; `None` where there was none.
    pub body: Option<Body>,
}

/// One invocation: a request with its context, grants and limits.
#[derive(Debug, Default)]
pub struct Call {
    /// The request.
    pub request: Request,
    /// A JSON object without white space and with plain names, whose members become `ctx.user`, `ctx.caller`, `ctx.app`, `ctx.request` and `ctx.trigger`.
    pub context: String,
    /// What it may use.
    pub grants: Grants,
    /// What it may use up.
    pub limits: Limits,
    /// Signals that the client disconnected.
    pub disconnected: Disconnected,
}

/// The function's response.
#[derive(Debug)]
pub struct Response {
    /// 200 to 599.
    pub status: u16,
    /// Names (lower case) and values in order; already checked to be valid HTTP.
    pub headers: Vec<(String, String)>,
    /// The body; `None` for a null body.
    pub body: Option<Body>,
}

/// A console method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log`
    Log,
    /// `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

impl LogLevel {
    /// The method's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Log => "log",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// One console entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// From 0, without gaps within one invocation; a marker that says what was cut has one as well.
    pub seq: u32,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// The method.
    pub level: LogLevel,
    /// The formatted text.
    pub message: String,
}

/// What an invocation used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResourceUsage {
    /// Fuel, the background phase included.
    pub fuel: u64,
    /// The most linear memory it held, in bytes.
    pub memory_peak_bytes: usize,
    /// From start to response, or to the failure.
    pub duration: Duration,
    /// Time in which at least one database operation was pending.
    pub database: Duration,
    /// Host operations begun.
    pub host_operations: u32,
    /// Bytes sent out by `fetch`.
    pub egress_bytes: u64,
}

/// How the background (`waitUntil`) phase ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// From the response to its end.
    pub duration: Duration,
    /// Fuel it used.
    pub fuel: u64,
    /// Why it failed, where it did: a rejected promise, or a limit.
    pub fault: Option<Fault>,
    /// The promises, in the order in which they were given.
    pub promises: Vec<BackgroundPromise>,
    /// Promises beyond those, which have no record.
    pub promises_dropped: u32,
}

impl Background {
    /// Its failure, and those of its promises.
    pub fn faults_mut(&mut self) -> impl Iterator<Item = &mut Fault> {
        let promises = self.promises.iter_mut().filter_map(|promise| promise.fault.as_mut());
        self.fault.iter_mut().chain(promises)
    }
}

/// A promise given to `waitUntil`. What it used is what the whole guest used while it was pending: promises run
/// interleaved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackgroundPromise {
    /// How it ended.
    pub state: PromiseState,
    /// From when it was given to its end.
    pub duration: Duration,
    /// Fuel of that time.
    pub fuel: u64,
    /// Console entries of that time, by their numbers.
    pub logs: Range<u32>,
    /// Why it was rejected.
    pub fault: Option<Fault>,
}

/// How a promise given to `waitUntil` ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromiseState {
    /// It was fulfilled.
    Fulfilled,
    /// It was rejected.
    Rejected,
    /// The invocation ended before it: by a limit, or because nothing could settle it any more.
    Pending,
}

/// Everything known about a finished invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Status of the response that was given, where one was.
    pub status: Option<u16>,
    /// Why there was none.
    pub fault: Option<Fault>,
    /// The background phase, where there was one.
    pub background: Option<Background>,
    /// What it used.
    pub usage: ResourceUsage,
    /// Its console.
    pub logs: Vec<LogEntry>,
    /// What it learnt from outside, when that was to be recorded and fits into the limit.
    pub recording: Option<Recording>,
}
