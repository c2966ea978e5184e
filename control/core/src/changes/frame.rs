//! Frames of the change feed.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use mayfly_api::realtime::SocketMessage;
use mayfly_common::clock;
use serde::Serialize;
use serde_json::value::RawValue;

/// A change, as a subscriber sees it.
#[derive(Debug, Serialize)]
struct Change<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    table: &'a str,
    op: &'static str,
    record: Option<&'a RawValue>,
    old_record: Option<&'a RawValue>,
    timestamp: String,
}

/// The frame of a change, by what the subscriber may see of the row before and after it: a row that comes into view is
/// an insert, one that goes out of view a delete. None: it saw it neither before nor after.
pub(super) fn change(
    table: &str,
    at: DateTime<Utc>,
    record: Option<&RawValue>,
    old_record: Option<&RawValue>,
) -> Option<Bytes> {
    let op = match (record, old_record) {
        (Some(_), Some(_)) => "update",
        (Some(_), None) => "insert",
        (None, Some(_)) => "delete",
        (None, None) => return None,
    };
    let timestamp = clock::rfc3339(at);
    Some(to_bytes(&Change { kind: "change", table, op, record, old_record, timestamp }))
}

/// Why a subscriber has to read a table again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gap {
    /// Changes may have been missed, or were too many.
    Missed,
    /// What the subscriber may see could not be found out.
    Undecided,
    /// The table is switched off.
    Off,
}

#[derive(Debug, Serialize)]
struct Warning<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    code: &'static str,
    message: &'static str,
    table: &'a str,
}

/// A warning to a subscriber of a table.
pub(super) fn warning(table: &str, gap: Gap) -> SocketMessage {
    let (code, message) = match gap {
        Gap::Missed => ("CHANGES_MISSED", "changes of the table were missed: read it again"),
        Gap::Undecided => (
            "CHANGES_MISSED",
            "row-level security of the table could not be evaluated for some changes: read it again",
        ),
        Gap::Off => ("TABLE_NOT_REALTIME_ENABLED", "the table is not switched on for realtime any more"),
    };
    SocketMessage::Text(to_bytes(&Warning { kind: "warning", code, message, table }))
}

fn to_bytes(frame: &impl Serialize) -> Bytes {
    // Texts and checked JSON only.
    Bytes::from(serde_json::to_vec(frame).unwrap_or_default())
}
