//! Where a page of records ended, as an opaque text.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::record::InvocationRecord;

/// Points behind one record in the order newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) started_at: DateTime<Utc>,
    pub(super) id: String,
}

impl Cursor {
    pub(super) fn after(record: &InvocationRecord) -> Self {
        Self { started_at: record.started_at, id: record.id.clone() }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (micros, id) = text.split_once('.')?;
        let id_is_plain = id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let started_at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        id_is_plain.then(|| Self { started_at, id: id.to_owned() })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{}", self.started_at.timestamp_micros(), self.id);
        f.write_str(&URL_SAFE_NO_PAD.encode(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back() {
        let cursor = Cursor {
            started_at: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            id: "inv_0123456789abcdefghij".to_owned(),
        };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
    }

    #[test]
    fn other_texts_are_no_cursor() {
        for text in ["", "!", "MTIz", "MTIzLmEnYg", "eC5pbnZfMQ"] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }
}
