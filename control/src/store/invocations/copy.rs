//! A record as a row of PostgreSQL's binary COPY: the hot path of every invocation ends here.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use chrono::{DateTime, Utc};

use super::record::InvocationRecord;

/// Every column that is written, in the order of [`write`].
const COLUMNS: [&str; 28] = [
    "id",
    "app_id",
    "function_id",
    "function_name",
    "version_id",
    "version",
    "request_id",
    "trigger",
    "method",
    "path",
    "caller_type",
    "caller_key_id",
    "user_id",
    "db_role",
    "status",
    "started_at",
    "duration_us",
    "fuel",
    "memory_peak_bytes",
    "database_us",
    "host_operations",
    "egress_bytes",
    "error_code",
    "error_message",
    "error_stack",
    "background",
    "logs",
    "log_levels",
];

/// Before the first row: the signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Behind the last row.
const END: i16 = -1;
/// The length of a NULL.
const NULL: i32 = -1;
/// 2000-01-01, from where PostgreSQL counts, in microseconds since 1970.
const EPOCH_US: i64 = 946_684_800_000_000;

/// The statement that takes the rows.
pub(super) fn command() -> String {
    format!("COPY invocations ({}) FROM STDIN (FORMAT binary)", COLUMNS.join(", "))
}

/// What the rows are written behind.
pub(super) fn begin() -> BytesMut {
    BytesMut::from(HEAD)
}

/// What is written behind the rows.
pub(super) fn end(rows: &mut BytesMut) {
    rows.put_i16(END);
}

/// One more row.
pub(super) fn write(rows: &mut BytesMut, r: &InvocationRecord) {
    let mut row = Row(rows);
    row.0.put_i16(COLUMNS.len() as i16);
    row.text(&r.id);
    row.text(&r.app_id);
    row.text(&r.function_id);
    row.text(&r.function_name);
    row.text(&r.version_id);
    row.int(r.version);
    row.text(&r.request_id);
    row.text(&r.trigger);
    row.text(&r.method);
    row.text(&r.path);
    row.text(&r.caller_type);
    row.maybe(r.caller_key_id.as_deref());
    row.maybe(r.user_id.as_deref());
    row.text(&r.db_role);
    match r.status {
        Some(status) => row.int(status.into()),
        None => row.0.put_i32(NULL),
    }
    row.time(r.started_at);
    row.long(r.duration_us);
    row.long(r.fuel);
    row.long(r.memory_peak_bytes);
    row.long(r.database_us);
    row.int(r.host_operations);
    row.long(r.egress_bytes);
    row.maybe(r.error_code.as_deref());
    row.maybe(r.error_message.as_deref());
    row.maybe(r.error_stack.as_deref());
    row.maybe(r.background.as_ref().map(json).as_deref());
    row.maybe((!r.logs.is_empty()).then(|| json(&r.logs)).as_deref());
    row.small(r.log_levels());
}

/// One row's values: each its length, then its bytes.
struct Row<'a>(&'a mut BytesMut);

impl Row<'_> {
    fn text(&mut self, text: &str) {
        let text = printable(text);
        self.0.put_i32(i32::try_from(text.len()).unwrap_or(i32::MAX));
        self.0.put_slice(text.as_bytes());
    }

    fn maybe(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.0.put_i32(NULL),
        }
    }

    fn small(&mut self, value: i16) {
        self.0.put_i32(2);
        self.0.put_i16(value);
    }

    fn int(&mut self, value: u32) {
        self.0.put_i32(4);
        self.0.put_i32(i32::try_from(value).unwrap_or(i32::MAX));
    }

    fn long(&mut self, value: u64) {
        self.0.put_i32(8);
        self.0.put_i64(i64::try_from(value).unwrap_or(i64::MAX));
    }

    fn time(&mut self, at: DateTime<Utc>) {
        self.0.put_i32(8);
        self.0.put_i64(at.timestamp_micros() - EPOCH_US);
    }
}

/// PostgreSQL's text has no NUL. A function may print one all the same, and must not lose its record by it.
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// A NUL hides in an escape here, which a reader that wants `jsonb` would refuse.
fn json(value: &impl serde::Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    if !text.contains("\\u0000") {
        return text;
    }
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        clean.push_str(&rest[..at]);
        let escape = &rest[at..];
        if let Some(after) = escape.strip_prefix("\\u0000") {
            clean.push('\u{fffd}');
            rest = after;
        } else {
            // Every other escape: keep the backslash and the character after it.
            let end = escape.char_indices().nth(2).map_or(escape.len(), |(index, _)| index);
            clean.push_str(&escape[..end]);
            rest = &escape[end..];
        }
    }
    clean.push_str(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_becomes_a_replacement_character() {
        assert_eq!(printable("a\0b"), "a\u{fffd}b");
        assert_eq!(json(&"a\0b"), "\"a\u{fffd}b\"");
    }

    #[test]
    fn an_escaped_backslash_before_u0000_stays() {
        let tricky = "\\u0000 and \\\0 \"quoted\" \u{1f600}";
        let back: String = serde_json::from_str(&json(&tricky)).unwrap();
        assert_eq!(back, tricky.replace('\0', "\u{fffd}"));
    }
}
