//! Memory of this process.

use std::fs;

/// Resident memory, in KiB; zeroes where the system does not say.
#[derive(Debug, Clone, Copy)]
pub struct Resident {
    /// Its own.
    pub anonymous: u64,
    /// Clean pages of the files that it maps: the system takes them back when it needs them.
    pub mapped: u64,
}

impl Resident {
    /// As it is now.
    pub fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = |name: &str| {
            let value = status.lines().find_map(|line| line.strip_prefix(name))?;
            value.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()
        };
        Self { anonymous: line("RssAnon:").unwrap_or_default(), mapped: line("RssFile:").unwrap_or_default() }
    }

    /// Both.
    pub fn all(&self) -> u64 {
        self.anonymous + self.mapped
    }
}
