//! `/v1/{app}/functions/{name}/logs`.

use bytes::Bytes;
use chrono::DateTime;
use futures_util::stream;
use serde_json::{Value, json};

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body, query, sse};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_core::logs::{TailEvent, read_query, read_tail_query};
use mayfly_store::{InvocationRecord, LogLine};

pub(crate) async fn list(edge: &Edge, request: &Admitted, app: &str, name: &str) -> ApiResult<Reply> {
    let pairs = query::pairs(&request.head.uri);
    let wanted = read_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let page = edge.logs.read(app, name, &wanted).await?;
    body::ok(&json!({
        "logs": page.records.iter().map(show).collect::<Vec<_>>(),
        "hasMore": page.next_cursor.is_some(),
        "nextCursor": page.next_cursor,
    }))
}

/// The live tail, as server-sent events.
pub(crate) async fn stream(edge: &Edge, request: &Admitted, app: &str, name: &str) -> ApiResult<Reply> {
    let pairs = query::pairs(&request.head.uri);
    let filter = read_tail_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let after = sse::last_event_id(&request.head.headers)?;
    let tail = edge.logs.tail(app, name, after, filter).await?;
    let events = stream::unfold((tail, true), |(mut tail, first)| async move {
        if first {
            return Some((Bytes::from_static(sse::RETRY.as_bytes()), (tail, false)));
        }
        let said = match tail.next().await? {
            TailEvent::Record(number, record) => sse::event(number, "invocation", &show(&record)),
            TailEvent::Heartbeat => Bytes::from_static(sse::HEARTBEAT.as_bytes()),
        };
        Some((said, (tail, false)))
    });
    Ok(sse::reply(events))
}

fn show(record: &InvocationRecord) -> Value {
    json!({
        "id": record.id,
        "requestId": &*record.request_id,
        "timestamp": rfc3339(record.started_at),
        "trigger": record.trigger,
        "version": record.version,
        "method": record.method,
        "path": record.path,
        "caller": { "type": record.caller_type, "keyId": record.caller_key_id, "userId": record.user_id },
        "dbRole": record.db_role,
        "statusCode": record.status,
        "duration": millis(record.duration_us),
        "fuel": record.fuel,
        "memoryUsed": record.memory_peak_bytes,
        "databaseTime": millis(record.database_us),
        "hostOperations": record.host_operations,
        "egressBytes": record.egress_bytes,
        "errorCode": record.error_code,
        "error": record.error_message,
        "stack": record.error_stack,
        "background": record.background.as_ref().map(|background| json!({
            "duration": millis(background.duration_us),
            "fuel": background.fuel,
            "errorCode": background.error_code,
            "error": background.error_message,
            "stack": background.error_stack,
        })),
        "consoleLogs": record.logs.iter().map(show_line).collect::<Vec<_>>(),
    })
}

pub(super) fn show_line(line: &LogLine) -> Value {
    json!({
        "seq": line.seq,
        "level": line.level,
        "message": line.message,
        "timestamp": DateTime::from_timestamp_millis(line.at_ms).map(rfc3339),
    })
}

/// Milliseconds, to the microsecond.
pub(super) fn millis(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
