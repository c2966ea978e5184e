//! The record of an invocation, made of how it began and how it ended.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use mayfly_runtime::{Background, BackgroundPromise, Fault, LogEntry, Outcome, PromiseState};

use super::TriggerEvent;
use super::scope::InvocationScope;
use crate::functions::CachedFunction;
use mayfly_store::{BackgroundRecord, InvocationRecord, LogLine, PromiseRecord};

/// The longest path that is kept.
const PATH_CHARS_MAX: usize = 1_000;

/// What is known of an invocation before it runs.
pub(super) struct InvocationStart {
    pub(super) trigger: TriggerEvent,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) started_at: DateTime<Utc>,
    pub(super) scope: Arc<InvocationScope>,
}

/// The whole record. The stacks come mapped.
pub(super) fn of(function: &CachedFunction, start: InvocationStart, outcome: Outcome) -> InvocationRecord {
    let function = &function.function;
    let usage = outcome.usage;
    let scope = &start.scope;
    InvocationRecord {
        id: scope.id.clone(),
        app_id: Arc::clone(&function.app_id),
        function_id: Arc::clone(&function.function_id),
        function_name: Arc::clone(&function.function_name),
        version_id: Arc::clone(&function.version_id),
        version: function.version,
        request_id: Arc::clone(&scope.context.id),
        trigger: start.trigger.as_str().into(),
        method: start.method,
        path: shortened(start.path),
        caller_type: scope.caller.kind.as_str().into(),
        caller_key_id: scope.caller.key_id.clone(),
        user_id: scope.caller.user_id.clone(),
        db_role: scope.identity.group().into(),
        status: outcome.status,
        started_at: start.started_at,
        duration_us: micros(usage.duration),
        fuel: usage.fuel,
        memory_peak_bytes: usage.memory_peak_bytes as u64,
        database_us: micros(usage.database),
        host_operations: usage.host_operations,
        egress_bytes: usage.egress_bytes,
        parent_id: scope.parent.as_ref().map(|parent| parent.id.clone()),
        invoked_fuel: scope.invoked_fuel(),
        compiled_digest: None,
        error_code: outcome.fault.as_ref().map(|fault| fault.code().to_owned()),
        error_message: outcome.fault.as_ref().map(message),
        error_stack: outcome.fault.as_ref().and_then(Fault::stack).map(str::to_owned),
        background: outcome.background.map(background_of),
        logs: outcome.logs.into_iter().map(line).collect(),
    }
}

fn shortened(path: String) -> String {
    // No path of so few bytes has more characters.
    if path.len() <= PATH_CHARS_MAX { path } else { path.chars().take(PATH_CHARS_MAX).collect() }
}

fn background_of(background: Background) -> BackgroundRecord {
    BackgroundRecord {
        duration_us: micros(background.duration),
        fuel: background.fuel,
        error_code: background.fault.as_ref().map(|fault| fault.code().to_owned()),
        error_message: background.fault.as_ref().map(message),
        error_stack: background.fault.as_ref().and_then(Fault::stack).map(str::to_owned),
        promises: background.promises.into_iter().map(promise_of).collect(),
        promises_dropped: background.promises_dropped,
    }
}

fn promise_of(promise: BackgroundPromise) -> PromiseRecord {
    let state = match promise.state {
        PromiseState::Fulfilled => "fulfilled",
        PromiseState::Rejected => "rejected",
        PromiseState::Pending => "pending",
    };
    PromiseRecord {
        state: state.into(),
        duration_us: micros(promise.duration),
        fuel: promise.fuel,
        logs_from: promise.logs.start,
        logs_until: promise.logs.end,
        error_code: promise.fault.as_ref().map(|fault| fault.code().to_owned()),
        error_message: promise.fault.as_ref().map(Fault::detailed),
    }
}

/// The reason of a failure of Mayfly's own stays in the server's log.
fn message(fault: &Fault) -> String {
    if let Fault::Internal { reason } = fault {
        tracing::error!(reason, "a sandbox stopped unexpectedly");
    }
    fault.detailed()
}

fn line(entry: LogEntry) -> LogLine {
    LogLine {
        seq: entry.seq,
        at_ms: entry.at_ms,
        level: entry.level.as_str().to_owned(),
        message: entry.message,
    }
}

fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
