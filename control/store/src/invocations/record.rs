//! `InvocationRecord`: what is stored of one invocation. No header is, so no credential can be.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

/// What a record takes in memory beside its texts, in bytes.
const RECORD_BYTES: usize = 1_024;
/// The same of a console entry, and of a promise.
const ENTRY_BYTES: usize = 64;

/// One invocation. The record is made when all of it is over, background part included.
#[derive(Debug, Clone, PartialEq)]
pub struct InvocationRecord {
    /// `inv_...`
    pub id: String,
    /// The app.
    pub app_id: Arc<str>,
    /// `fn_...`
    pub function_id: Arc<str>,
    /// The function's name at that time.
    pub function_name: Arc<str>,
    /// `ver_...`
    pub version_id: Arc<str>,
    /// That version's number.
    pub version: u32,
    /// Of the request that started it.
    pub request_id: Arc<str>,
    /// `http`, `cron`, `webhook`, ... or `invoke` for the management route.
    pub trigger: Cow<'static, str>,
    /// The request's method.
    pub method: String,
    /// The request's path, without the query: queries carry tokens.
    pub path: String,
    /// `ctx.caller.type`
    pub caller_type: Cow<'static, str>,
    /// `ctx.caller.keyId`
    pub caller_key_id: Option<String>,
    /// `ctx.user.id`
    pub user_id: Option<String>,
    /// The database role that it had: `butterbase_user`, `butterbase_service` or `butterbase_anon`.
    pub db_role: Cow<'static, str>,
    /// The response's status; `None`: there was no response.
    pub status: Option<u16>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// From begin to response or failure, in microseconds.
    pub duration_us: u64,
    /// All of its fuel, background included.
    pub fuel: u64,
    /// The most memory it held, in bytes.
    pub memory_peak_bytes: u64,
    /// Time with a database operation pending, in microseconds.
    pub database_us: u64,
    /// Host operations begun.
    pub host_operations: u32,
    /// Bytes sent by `fetch`.
    pub egress_bytes: u64,
    /// The invocation that called it by `ctx.invoke`.
    pub parent_id: Option<String>,
    /// Fuel of the invocations that it called by `ctx.invoke`, as far as they had ended.
    pub invoked_fuel: u64,
    /// Which of its functions were compiled; `None`: none.
    pub compiled_digest: Option<Arc<str>>,
    /// The public code of its failure.
    pub error_code: Option<String>,
    /// Its failure in one sentence.
    pub error_message: Option<String>,
    /// The stack, mapped to the author's file.
    pub error_stack: Option<String>,
    /// What `waitUntil` did, where it was used.
    pub background: Option<BackgroundRecord>,
    /// The console.
    pub logs: Vec<LogLine>,
}

/// What `waitUntil` did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BackgroundRecord {
    /// From the response to its end, in microseconds.
    pub duration_us: u64,
    /// Fuel it used.
    pub fuel: u64,
    /// The public code of its failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Its failure in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// The stack, mapped to the author's file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_stack: Option<String>,
    /// Each promise, in the order in which they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub promises: Vec<PromiseRecord>,
    /// Promises beyond those.
    #[serde(default)]
    pub promises_dropped: u32,
}

/// A promise given to `waitUntil`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromiseRecord {
    /// `fulfilled`, `rejected` or `pending`.
    pub state: Cow<'static, str>,
    /// From when it was given to its end, in microseconds.
    pub duration_us: u64,
    /// Fuel of the whole invocation in that time.
    pub fuel: u64,
    /// Console entries of that time: from this number,
    pub logs_from: u32,
    /// and up to this one, without it.
    pub logs_until: u32,
    /// The public code of why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Why, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
}

/// One console entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// From 0, without gaps.
    pub seq: u32,
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// `debug`, `log`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub message: String,
}

/// One bit a level; 0 for a level that there is not, so that nothing is found.
pub(super) fn level_bit(level: &str) -> i16 {
    match level {
        "debug" => 1,
        "log" => 2,
        "info" => 4,
        "warn" => 8,
        "error" => 16,
        _ => 0,
    }
}

impl InvocationRecord {
    /// What it takes in memory, in bytes, about.
    pub(crate) fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let failure = text(&self.error_message) + text(&self.error_stack) + self.path.len();
        let background = self.background.as_ref().map_or(0, |background| {
            let promises =
                background.promises.iter().map(|promise| ENTRY_BYTES + text(&promise.error_message));
            text(&background.error_message) + text(&background.error_stack) + promises.sum::<usize>()
        });
        let logs = self.logs.iter().map(|line| ENTRY_BYTES + line.message.len());
        RECORD_BYTES + failure + background + logs.sum::<usize>()
    }

    /// A failure: no response, or a status of 400 and above.
    pub fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 400)
    }

    pub(super) fn log_levels(&self) -> i16 {
        self.logs.iter().fold(0, |bits, line| bits | level_bit(&line.level))
    }

    pub(super) fn from_row(row: &Row) -> Self {
        let unsigned = |column: &str| row.get::<_, i64>(column).unsigned_abs();
        let shared = |column: &str| Arc::from(row.get::<_, &str>(column));
        let word = |column: &str| Cow::Owned(row.get(column));
        Self {
            id: row.get("id"),
            app_id: shared("app_id"),
            function_id: shared("function_id"),
            function_name: shared("function_name"),
            version_id: shared("version_id"),
            version: row.get::<_, i32>("version").unsigned_abs(),
            request_id: shared("request_id"),
            trigger: word("trigger"),
            method: row.get("method"),
            path: row.get("path"),
            caller_type: word("caller_type"),
            caller_key_id: row.get("caller_key_id"),
            user_id: row.get("user_id"),
            db_role: word("db_role"),
            status: row.get::<_, Option<i32>>("status").and_then(|status| u16::try_from(status).ok()),
            started_at: row.get("started_at"),
            duration_us: unsigned("duration_us"),
            fuel: unsigned("fuel"),
            memory_peak_bytes: unsigned("memory_peak_bytes"),
            database_us: unsigned("database_us"),
            host_operations: row.get::<_, i32>("host_operations").unsigned_abs(),
            egress_bytes: unsigned("egress_bytes"),
            parent_id: row.get("parent_id"),
            invoked_fuel: unsigned("invoked_fuel"),
            compiled_digest: row.get::<_, Option<&str>>("compiled_digest").map(Arc::from),
            error_code: row.get("error_code"),
            error_message: row.get("error_message"),
            error_stack: row.get("error_stack"),
            background: from_json(row.get("background")),
            logs: from_json(row.get("logs")).unwrap_or_default(),
        }
    }
}

fn from_json<T: serde::de::DeserializeOwned>(json: Option<&str>) -> Option<T> {
    json.and_then(|json| serde_json::from_str(json).ok())
}
