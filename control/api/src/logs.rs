//! `/v1/{app}/functions/{name}/logs`: records of invocations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::{Millis, Number, Text, Timestamp, words};

words! {
    /// A level of the console, or all of them.
    LevelFilter {
        /// `console.debug`
        Debug = "debug",
        /// `console.log`
        Log = "log",
        /// `console.info`
        Info = "info",
        /// `console.warn`
        Warn = "warn",
        /// `console.error`
        Error = "error",
        /// Any level, or no entry at all.
        All = "all",
    }
}

/// Which records, and how many.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetLogs {
    /// Records a page; 100 unless said otherwise.
    #[serde(default)]
    pub limit: Option<Number<1, 1_000>>,
    /// `nextCursor` of the page before.
    #[serde(default)]
    pub cursor: Option<Text<0, 1_000>>,
    /// From this time on (RFC 3339).
    #[serde(default)]
    pub since: Option<Text<0, 40>>,
    /// Before this time (RFC 3339).
    #[serde(default)]
    pub until: Option<Text<0, 40>>,
    /// Only those with a console entry of this level.
    #[serde(default)]
    pub level: Option<LevelFilter>,
    /// Only this status, or `error` (none, or 400 and above), or `ok`.
    #[serde(default)]
    pub status: Option<Text<0, 10>>,
    /// Only this invocation.
    #[serde(default)]
    pub invocation: Option<Text<0, 100>>,
}

/// Which records a live tail shows.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TailLogs {
    /// Only those with a console entry of this level.
    #[serde(default)]
    pub level: Option<LevelFilter>,
    /// Only this status, or `error` (none, or 400 and above), or `ok`.
    #[serde(default)]
    pub status: Option<Text<0, 10>>,
}

/// One entry of the console.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ConsoleEntry {
    /// Its place among the invocation's entries.
    pub seq: u32,
    /// `debug`, `log`, `info`, `warn` or `error`.
    pub level: String,
    /// The text.
    pub message: String,
    /// When.
    pub timestamp: Option<Timestamp>,
}

/// Who called.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CallerInfo {
    /// `service_key`, `end_user_jwt`, `anonymous`, ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The key.
    #[serde(rename = "keyId")]
    pub key_id: Option<String>,
    /// The end user.
    #[serde(rename = "userId")]
    pub user_id: Option<String>,
}

/// What ran after the response.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BackgroundInfo {
    /// Milliseconds.
    pub duration: Millis,
    /// Its fuel.
    pub fuel: u64,
    /// The public code of its failure.
    #[serde(rename = "errorCode")]
    pub error_code: Option<String>,
    /// Its failure in one sentence.
    pub error: Option<String>,
    /// The stack, mapped to the author's files.
    pub stack: Option<String>,
    /// The promises given to `waitUntil`, in that order: the first 100.
    pub promises: Vec<PromiseInfo>,
    /// Promises beyond those.
    #[serde(rename = "promisesDropped")]
    pub promises_dropped: u32,
}

/// A promise given to `waitUntil`. Promises run interleaved: fuel and console entries are those of the whole invocation
/// while it was pending.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromiseInfo {
    /// `fulfilled`, `rejected`, or `pending`: the invocation ended before it.
    pub state: String,
    /// Milliseconds from when it was given to its end.
    pub duration: Millis,
    /// Fuel of that time.
    pub fuel: u64,
    /// Console entries of that time: from this `seq` on,
    pub logs_from: u32,
    /// and up to this one, without it.
    pub logs_until: u32,
    /// The public code of why it was rejected.
    pub error_code: Option<String>,
    /// Why, in one sentence.
    pub error: Option<String>,
}

/// The record of one invocation.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Invocation")]
#[serde(rename_all = "camelCase")]
pub struct InvocationInfo {
    /// `inv_...`
    pub id: String,
    /// Of the request that started it.
    pub request_id: String,
    /// When it began.
    pub timestamp: Timestamp,
    /// What started it.
    pub trigger: String,
    /// The version that ran.
    pub version: u32,
    /// The request's method.
    pub method: String,
    /// The request's path, without the query.
    pub path: String,
    /// Who called.
    pub caller: CallerInfo,
    /// The database role that it had.
    pub db_role: String,
    /// The response's status; null without a response.
    pub status_code: Option<u16>,
    /// From begin to response or failure, in milliseconds.
    pub duration: Millis,
    /// All of its fuel.
    pub fuel: u64,
    /// The most memory it held, in bytes.
    pub memory_used: u64,
    /// Time with a database operation pending, in milliseconds.
    pub database_time: Millis,
    /// Host operations begun.
    pub host_operations: u32,
    /// Bytes sent by `fetch`.
    pub egress_bytes: u64,
    /// The invocation that called it by `ctx.invoke`.
    pub parent_id: Option<String>,
    /// Fuel of the invocations that it called by `ctx.invoke`, as far as they had ended; each has it in its own record, too.
    pub invoked_fuel: u64,
    /// Which of its functions were compiled: the digest of its image and their code together. Null: all of it was interpreted.
    pub compiled_digest: Option<String>,
    /// The public code of its failure.
    pub error_code: Option<String>,
    /// Its failure in one sentence.
    pub error: Option<String>,
    /// The stack, mapped to the author's files.
    pub stack: Option<String>,
    /// What ran after the response.
    pub background: Option<BackgroundInfo>,
    /// Its console entries.
    pub console_logs: Vec<ConsoleEntry>,
}

/// One page of records, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogPage {
    /// The records.
    pub logs: Vec<InvocationInfo>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// For the next page.
    pub next_cursor: Option<String>,
}
