//! A single value as JSON, by its type.

use mayfly_runtime::providers::BigintMode;
use tokio_postgres::types::Type;

use super::time;

/// The largest whole number that a JavaScript number holds exactly.
const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;

/// How a single value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Bool,
    /// A whole number that is always exact.
    Integer,
    /// `int8`, as a number where that is exact.
    Bigint,
    /// `int8`, always as text.
    BigintText,
    Float,
    Json,
    Timestamp,
    Bytes,
    /// Everything else: PostgreSQL's own text.
    Text,
}

impl Form {
    pub(super) fn of(oid: u32, bigint: BigintMode) -> Self {
        let Some(known) = Type::from_oid(oid) else { return Self::Text };
        match known {
            Type::BOOL => Self::Bool,
            Type::INT2 | Type::INT4 | Type::OID => Self::Integer,
            Type::INT8 if bigint == BigintMode::Text => Self::BigintText,
            Type::INT8 => Self::Bigint,
            Type::FLOAT4 | Type::FLOAT8 => Self::Float,
            Type::JSON | Type::JSONB => Self::Json,
            Type::TIMESTAMP | Type::TIMESTAMPTZ => Self::Timestamp,
            Type::BYTEA => Self::Bytes,
            _ => Self::Text,
        }
    }

    pub(super) fn reviver(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::BigintText => Some(("bigint", "bigint[]")),
            Self::Timestamp => Some(("date", "date[]")),
            Self::Bytes => Some(("bytes", "bytes[]")),
            Self::Float => Some(("number", "number[]")),
            Self::Bool | Self::Integer | Self::Bigint | Self::Json | Self::Text => None,
        }
    }

    /// `true`: the value is a text only for want of a JSON word.
    pub(super) fn write(self, value: &[u8], json: &mut Vec<u8>) -> bool {
        match self {
            Self::Bool => json.extend_from_slice(if value == b"t" { b"true" } else { b"false" }),
            Self::Integer => json.extend_from_slice(value),
            Self::Bigint if is_safe(value) => json.extend_from_slice(value),
            Self::Float if is_finite(value) => json.extend_from_slice(value),
            Self::Float => {
                write_string(value, json);
                return true;
            }
            // PostgreSQL has checked it when it took it in; only its encoding could have been changed since.
            Self::Json if std::str::from_utf8(value).is_ok() => json.extend_from_slice(value),
            Self::Timestamp => match std::str::from_utf8(value).ok().and_then(time::epoch_millis) {
                Some(millis) => json.extend_from_slice(millis.to_string().as_bytes()),
                None => write_string(value, json),
            },
            Self::Bytes => write_string(value.strip_prefix(b"\\x").unwrap_or(b""), json),
            Self::Bigint | Self::BigintText | Self::Json | Self::Text => write_string(value, json),
        }
        false
    }
}

fn is_safe(value: &[u8]) -> bool {
    let number = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    number.is_some_and(|number| (-SAFE_INTEGER_MAX..=SAFE_INTEGER_MAX).contains(&number))
}

fn is_finite(value: &[u8]) -> bool {
    value.last().is_some_and(u8::is_ascii_digit)
}

/// A JSON string. Bytes that are no UTF-8 (a function may have changed the session's encoding) are replaced.
pub(super) fn write_string(text: &[u8], json: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(text);
    let start = json.len();
    if serde_json::to_writer(&mut *json, text.as_ref()).is_err() {
        // Writing to memory does not fail.
        json.truncate(start);
        json.extend_from_slice(b"null");
    }
}
