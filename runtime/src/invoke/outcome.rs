//! What comes out of an invocation.

use std::time::{Duration, Instant};

use wasmtime::Store;

use crate::body::Body;
use crate::error::Fault;
use crate::host::outside::Outside;
use crate::limits::Limits;
use crate::replay::Recording;
use crate::sandbox::{Sandbox, fuel};

/// The function's answer.
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
pub struct Usage {
    /// Fuel, the background part included.
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

/// How the `waitUntil` part ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Background {
    /// From the response to its end.
    pub duration: Duration,
    /// Fuel it used.
    pub fuel: u64,
    /// Why it failed, where it did: a rejected promise, or a limit.
    pub fault: Option<Fault>,
}

/// Everything known about a finished invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Status of the response that was given, where one was.
    pub status: Option<u16>,
    /// Why there was none.
    pub fault: Option<Fault>,
    /// The `waitUntil` part, where there was one.
    pub background: Option<Background>,
    /// What it used.
    pub usage: Usage,
    /// Its console.
    pub logs: Vec<LogEntry>,
    /// What it learnt from outside, when that was to be recorded and was not too much.
    pub recording: Option<Recording>,
}

/// Takes a finished invocation's sandbox apart.
pub(crate) fn collect(store: Store<Sandbox>, started: Instant, limits: &Limits) -> Outcome {
    let now = Instant::now();
    let left = fuel::left(&store);
    let mut sandbox = store.into_data();
    let settled = sandbox.ending.settled();
    let (went_on, background_fault) = sandbox.ending.background();
    let background = settled.filter(|_| went_on).map(|settled| Background {
        duration: now - settled.at,
        fuel: settled.fuel.saturating_sub(left),
        fault: background_fault,
    });
    let recording = recording(&mut sandbox, limits);
    Outcome {
        status: settled.and_then(|settled| settled.status),
        fault: sandbox.ending.fault().cloned(),
        background,
        usage: Usage {
            fuel: fuel::used(limits.fuel, left),
            memory_peak_bytes: sandbox.limiter.peak(),
            duration: settled.map_or(now, |settled| settled.at) - started,
            database: sandbox.operations.database_time(),
            host_operations: sandbox.operations.begun(),
            egress_bytes: sandbox.egress.bytes(),
        },
        logs: sandbox.console.finish(),
        recording,
    }
}

fn recording(sandbox: &mut Sandbox, limits: &Limits) -> Option<Recording> {
    let Outside::Recording(recorder) = std::mem::replace(&mut sandbox.outside, Outside::Live) else {
        return None;
    };
    let events = recorder.finish()?;
    let recording = Recording::of(limits, &sandbox.incoming.recorded()?, &events);
    (recording.as_bytes().len() <= limits.recording_bytes).then_some(recording)
}
