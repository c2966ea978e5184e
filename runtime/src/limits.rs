//! Every bound on one invocation, each with its unit and its default.

use std::time::Duration;

/// Fuel of one millisecond of CPU time, by definition: the same on every machine.
pub const FUEL_PER_CPU_MS: u64 = 10_000_000;

/// Headers of a response.
pub(crate) const RESPONSE_HEADERS_MAX: usize = 100;
/// Bytes of their names and values.
pub(crate) const RESPONSE_HEADER_BYTES_MAX: usize = 64 << 10;

/// The bounds of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// CPU, in fuel ([`FUEL_PER_CPU_MS`]); waiting costs none. Default: 10 s.
    pub fuel: u64,
    /// Wall clock until the response, waiting included. Default: 30 s.
    pub timeout: Duration,
    /// Linear memory, in bytes. Default: 128 MiB.
    pub memory_bytes: usize,
    /// The largest response body, in bytes. Default: 32 MiB.
    pub response_bytes: usize,
    /// Wall clock of a response that is streamed, from its head to its end. Default: 5 minutes.
    pub stream: Duration,
    /// What `waitUntil` may add after the response. Default: 30 s.
    pub background: Duration,
    /// Console entries kept. Default: 100.
    pub log_entries: usize,
    /// Characters kept of one console entry. Default: 10,000.
    pub log_entry_chars: usize,
    /// Host operations that one invocation may begin. Default: 10,000.
    pub host_operations: u32,
    /// Outbound requests that one invocation may make. Default: 1,000.
    pub subrequests: u32,
    /// The largest recording of what it learns from outside, in bytes; 0: none is made. Default: 0.
    pub recording_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel: 10_000 * FUEL_PER_CPU_MS,
            timeout: Duration::from_secs(30),
            memory_bytes: 128 << 20,
            response_bytes: 32 << 20,
            stream: Duration::from_secs(300),
            background: Duration::from_secs(30),
            log_entries: 100,
            log_entry_chars: 10_000,
            host_operations: 10_000,
            subrequests: 1_000,
            recording_bytes: 0,
        }
    }
}
