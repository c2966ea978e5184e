//! Resident memory of this process.

use std::fs;

/// Resident memory, in KiB; zero where the system does not report it.
#[derive(Debug, Clone, Copy)]
pub struct Resident {
    /// Private memory.
    pub anonymous: u64,
    /// Clean pages of mapped files: the system can reclaim them.
    pub mapped: u64,
}

impl Resident {
    /// The present values.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()
        };
        Self { anonymous: line("RssAnon:").unwrap_or_default(), mapped: line("RssFile:").unwrap_or_default() }
    }

    /// The sum of both.
    pub fn all(&self) -> u64 {
        self.anonymous + self.mapped
    }
}
