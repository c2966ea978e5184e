//! `ctx.kv`: keys with values in the app's own database, one statement a call.

use bytes::Bytes;
use mayfly_runtime::providers::{GuestError, KeyValueCall};

use crate::db::{AppDatabase, UserStatement};
use crate::wire::{Field, RowSink, WireError};

/// The longest key, in bytes.
const KEY_BYTES_MAX: usize = 512;
/// The longest value, in bytes of JSON.
const VALUE_BYTES_MAX: usize = 256 << 10;
/// The longest number to add, in digits.
const NUMBER_BYTES_MAX: usize = 32;
/// The most keys of one list.
const LIST_MAX: u32 = 1_000;
/// What one answer has at most: a list of the longest keys.
const ANSWER_BYTES_MAX: usize = 2 << 20;

const GET: &str =
    "SELECT value FROM mayfly.kv WHERE key = $1 AND (expires_at IS NULL OR expires_at > clock_timestamp())";
const SET: &str = "INSERT INTO mayfly.kv (key, value, expires_at)
    VALUES ($1, $2, clock_timestamp() + $3::float8 * interval '1 second')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at";
const DELETE: &str = "WITH gone AS (DELETE FROM mayfly.kv WHERE key = $1 RETURNING expires_at)
    SELECT (EXISTS (SELECT FROM gone WHERE expires_at IS NULL OR expires_at > clock_timestamp()))::text";
/// One that has expired begins again; one that goes on keeps its end, unless it is given another.
const INCREMENT: &str = "INSERT INTO mayfly.kv AS k (key, value, expires_at)
    VALUES ($1, $2::numeric::text, clock_timestamp() + $3::float8 * interval '1 second')
    ON CONFLICT (key) DO UPDATE SET
        value = CASE WHEN k.expires_at <= clock_timestamp() THEN excluded.value
            ELSE (k.value::numeric + excluded.value::numeric)::text END,
        expires_at = CASE WHEN k.expires_at <= clock_timestamp() THEN excluded.expires_at
            ELSE coalesce(excluded.expires_at, k.expires_at) END
    RETURNING value";
const LIST: &str = "SELECT json_build_object('keys', coalesce(json_agg(key ORDER BY key), '[]'),
        'next', CASE WHEN count(*) = $3::bigint THEN max(key) END)::text
    FROM (SELECT key FROM mayfly.kv
        WHERE key > $2 AND key >= $1 AND starts_with(key, $1)
            AND (expires_at IS NULL OR expires_at > clock_timestamp())
        ORDER BY key LIMIT $3::bigint) found";

/// What the first column of the first row holds, once it is done: as the service login, whatever the invocation's identity, and on
/// a connection that none of its transactions has.
pub(crate) async fn call(database: &AppDatabase, call: KeyValueCall) -> Result<String, GuestError> {
    let seconds = |seconds: Option<u32>| seconds.map(|seconds| seconds.to_string().into_bytes());
    let bytes = |text: String| Some(text.into_bytes());
    let (sql, params) = match call {
        KeyValueCall::Get(key) => (GET, vec![bytes(checked(key)?)]),
        KeyValueCall::Set(key, value, ttl) => {
            check_bytes("value", &value, VALUE_BYTES_MAX)?;
            (SET, vec![bytes(checked(key)?), bytes(value), seconds(ttl)])
        }
        KeyValueCall::Delete(key) => (DELETE, vec![bytes(checked(key)?)]),
        KeyValueCall::Increment(key, by, ttl) => {
            check_bytes("number", &by, NUMBER_BYTES_MAX)?;
            (INCREMENT, vec![bytes(checked(key)?), bytes(by), seconds(ttl)])
        }
        KeyValueCall::List(prefix, after, limit) => {
            check_bytes("prefix", &prefix, KEY_BYTES_MAX)?;
            check_bytes("key", &after, KEY_BYTES_MAX)?;
            (LIST, vec![bytes(prefix), bytes(after), bytes(limit.clamp(1, LIST_MAX).to_string())])
        }
    };
    let mut checkout = database.checkout_as_service().await?;
    let request = UserStatement { user: None, sql, params: &params };
    let mut value = OneValue::default();
    let ran = checkout.within_time(async |checkout| checkout.run(&request, &mut value).await).await;
    ran.map_err(|error| if sql == INCREMENT { of_increment(error) } else { error })?;
    Ok(value.0)
}

/// The host sends a number: what is none is the value that is there.
fn of_increment(error: GuestError) -> GuestError {
    match error.code.as_str() {
        "22P02" => GuestError::new("22P02", "the value of this key of ctx.kv is not a number".to_owned()),
        _ => error,
    }
}

fn checked(key: String) -> Result<String, GuestError> {
    if key.is_empty() {
        return Err(GuestError::new("22023", "a key of ctx.kv has at least one character".to_owned()));
    }
    check_bytes("key", &key, KEY_BYTES_MAX)?;
    Ok(key)
}

fn check_bytes(what: &str, text: &str, max: usize) -> Result<(), GuestError> {
    if text.len() > max {
        let message = format!("a {what} of ctx.kv has at most {max} bytes, not {}", text.len());
        return Err(GuestError::new("22023", message));
    }
    if text.contains('\0') {
        return Err(GuestError::new("22021", format!("a {what} of ctx.kv contains a NUL character")));
    }
    Ok(())
}

/// The first column of the first row.
#[derive(Default)]
struct OneValue(String);

impl RowSink for OneValue {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        // The number of columns, and the length of the first.
        let length = row.get(2..6).and_then(|bytes| bytes.try_into().ok()).map_or(-1, i32::from_be_bytes);
        let value =
            usize::try_from(length).ok().and_then(|length| row.get(6..6 + length)).unwrap_or_default();
        self.0 = String::from_utf8_lossy(value).into_owned();
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        ANSWER_BYTES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_bounded() {
        assert!(checked("k".repeat(KEY_BYTES_MAX)).is_ok());
        for bad in [String::new(), "k".repeat(KEY_BYTES_MAX + 1), "a\0".to_owned()] {
            assert!(checked(bad).is_err());
        }
        assert!(check_bytes("value", &"v".repeat(VALUE_BYTES_MAX), VALUE_BYTES_MAX).is_ok());
        assert!(check_bytes("value", &"v".repeat(VALUE_BYTES_MAX + 1), VALUE_BYTES_MAX).is_err());
    }

    #[test]
    fn the_first_value_of_a_row_is_read() {
        let mut value = OneValue::default();
        value.row(Bytes::from_static(&[0, 1, 0, 0, 0, 2, b'4', b'2'])).unwrap();
        assert_eq!(value.0, "42");
        value.row(Bytes::from_static(&[0, 1, 255, 255, 255, 255])).unwrap();
        assert_eq!(value.0, "");
        value.row(Bytes::from_static(&[0])).unwrap();
    }
}
