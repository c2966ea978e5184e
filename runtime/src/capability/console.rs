//! `console`: entries, counted and cut, with a marker row where something was lost.

use std::time::UNIX_EPOCH;

use crate::invocation::{LogEntry, LogLevel};
use crate::limits::Limits;

/// Bytes of all entries of one invocation.
const BYTES_MAX: usize = 256 << 10;

/// The console of one invocation.
#[derive(Debug)]
pub(crate) struct Console {
    entries: Vec<LogEntry>,
    entries_max: usize,
    entry_chars_max: usize,
    bytes: usize,
    dropped: u64,
}

impl Console {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            entries: Vec::new(),
            entries_max: limits.log_entries,
            entry_chars_max: limits.log_entry_chars,
            bytes: 0,
            dropped: 0,
        }
    }

    /// Takes an entry: a byte of level and text.
    pub(crate) fn log(&mut self, frame: &[u8]) {
        if self.entries.len() >= self.entries_max {
            self.dropped += 1;
            return;
        }
        let Some((level, text)) = frame.split_first() else { return };
        let message = self.cut(&String::from_utf8_lossy(text));
        if self.bytes + message.len() > BYTES_MAX {
            self.dropped += 1;
            return;
        }
        self.bytes += message.len();
        self.push(level_of(*level), message);
    }

    /// How many entries there are so far: the number of the next one.
    pub(crate) fn entries(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    fn cut(&self, text: &str) -> String {
        match text.char_indices().nth(self.entry_chars_max) {
            Some((end, _)) => format!("{}… [{} more bytes were cut]", &text[..end], text.len() - end),
            None => text.to_owned(),
        }
    }

    fn push(&mut self, level: LogLevel, message: String) {
        let seq = self.entries();
        let at_ms =
            crate::clock::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        self.entries.push(LogEntry { seq, at_ms, level, message });
    }

    /// The entries, with one more that says how many did not fit.
    pub(crate) fn finish(mut self) -> Vec<LogEntry> {
        if self.dropped > 0 {
            self.push(LogLevel::Warn, format!("[{} more entries were dropped]", self.dropped));
        }
        self.entries
    }
}

fn level_of(level: u8) -> LogLevel {
    match level {
        0 => LogLevel::Debug,
        2 => LogLevel::Info,
        3 => LogLevel::Warn,
        4 => LogLevel::Error,
        _ => LogLevel::Log,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_together_are_bounded() {
        let mut console = Console::new(&Limits::default());
        let entry = format!("\u{1}{}", "x".repeat(8 << 10));
        for _ in 0..40 {
            console.log(entry.as_bytes());
        }
        console.log(b"\x01one more");
        let entries = console.finish();
        assert_eq!(entries.len(), 33);
        assert_eq!(entries[32].message, "[9 more entries were dropped]");
    }

    #[test]
    fn what_does_not_fit_is_marked() {
        let limits = Limits { log_entries: 2, log_entry_chars: 3, ..Limits::default() };
        let mut console = Console::new(&limits);
        for text in ["\u{1}héé", "\u{4}abcdé", "\u{1}x", "\u{1}y"] {
            console.log(text.as_bytes());
        }
        let entries = console.finish();
        let shown: Vec<_> =
            entries.iter().map(|entry| (entry.seq, entry.level, entry.message.as_str())).collect();
        assert_eq!(
            shown,
            [
                (0, LogLevel::Log, "héé"),
                (1, LogLevel::Error, "abc… [3 more bytes were cut]"),
                (2, LogLevel::Warn, "[2 more entries were dropped]"),
            ]
        );
    }
}
