//! Writes a batch of records and adds it to the sums: COPY, in one transaction.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use deadpool_postgres::{Object, Transaction};
use tokio_postgres::Statement;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::record::InvocationRecord;

/// Name and type of every column that is written.
const COLUMNS: [(&str, Type); 31] = [
    ("id", Type::TEXT),
    ("app_id", Type::TEXT),
    ("function_id", Type::TEXT),
    ("function_name", Type::TEXT),
    ("version_id", Type::TEXT),
    ("version", Type::INT4),
    ("request_id", Type::TEXT),
    ("trigger", Type::TEXT),
    ("method", Type::TEXT),
    ("path", Type::TEXT),
    ("caller_type", Type::TEXT),
    ("caller_key_id", Type::TEXT),
    ("user_id", Type::TEXT),
    ("db_role", Type::TEXT),
    ("status", Type::INT4),
    ("started_at", Type::TIMESTAMPTZ),
    ("duration_us", Type::INT8),
    ("fuel", Type::INT8),
    ("memory_peak_bytes", Type::INT8),
    ("database_us", Type::INT8),
    ("host_operations", Type::INT4),
    ("egress_bytes", Type::INT8),
    ("error_code", Type::TEXT),
    ("error_message", Type::TEXT),
    ("error_stack", Type::TEXT),
    ("background", Type::TEXT),
    ("logs", Type::TEXT),
    ("log_levels", Type::INT2),
    ("parent_id", Type::TEXT),
    ("invoked_fuel", Type::INT8),
    ("compiled_digest", Type::TEXT),
];

/// Numbers are given out and committed by one writer at a time, over all nodes: a reader of a number has missed none
/// below it. Any key will do, as long as every build uses this one.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236834721873001)";

const ADD_TO_SUMS: &str =
    "INSERT INTO invocation_hours AS h (app_id, function_id, function_name, hour, invocations, errors,
        duration_us, fuel, database_us, egress_bytes)
    SELECT s.* FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]) AS s (app_id)
    -- An app that is deleted by now takes its last sums with it.
    WHERE EXISTS (SELECT 1 FROM apps a WHERE a.id = s.app_id)
    ON CONFLICT (function_id, hour) DO UPDATE SET
        invocations = h.invocations + excluded.invocations,
        errors = h.errors + excluded.errors,
        duration_us = h.duration_us + excluded.duration_us,
        fuel = h.fuel + excluded.fuel,
        database_us = h.database_us + excluded.database_us,
        egress_bytes = h.egress_bytes + excluded.egress_bytes";

/// Write these records. `again`: they may have been written before, by an attempt whose outcome is not known.
pub(crate) async fn insert(
    client: &mut Object,
    batch: &[Arc<InvocationRecord>],
    again: bool,
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    let known = if again { known(&transaction, batch).await? } else { HashSet::new() };
    let fresh: Vec<&InvocationRecord> =
        batch.iter().map(Arc::as_ref).filter(|record| !known.contains(record.id.as_str())).collect();
    copy(&transaction, &fresh).await?;
    transaction.commit().await
}

async fn known(
    transaction: &Transaction<'_>,
    batch: &[Arc<InvocationRecord>],
) -> Result<HashSet<String>, tokio_postgres::Error> {
    let ids: Vec<&str> = batch.iter().map(|record| record.id.as_str()).collect();
    transaction.batch_execute(LOCK).await?;
    let rows = transaction.query("SELECT id FROM invocations WHERE id = ANY ($1)", &[&ids]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Copy the records and add them to the sums. Statements that do not wait for each other's answers are sent together:
/// waiting for PostgreSQL is most of what a small batch takes.
async fn copy(
    transaction: &Transaction<'_>,
    records: &[&InvocationRecord],
) -> Result<(), tokio_postgres::Error> {
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let types: Vec<_> = COLUMNS.iter().map(|(_, kind)| kind.clone()).collect();
    let command = format!("COPY invocations ({}) FROM STDIN (FORMAT binary)", names.join(", "));
    let statement = transaction.prepare_cached(&command).await?;
    let add = transaction.prepare_cached(ADD_TO_SUMS).await?;
    let ((), sink) = tokio::try_join!(transaction.batch_execute(LOCK), transaction.copy_in(&statement))?;
    let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &types));
    for record in records {
        write(writer.as_mut(), record).await?;
    }
    tokio::try_join!(writer.finish(), add_to_sums(transaction, &add, records))?;
    Ok(())
}

async fn write(
    writer: std::pin::Pin<&mut BinaryCopyInWriter>,
    r: &InvocationRecord,
) -> Result<(), tokio_postgres::Error> {
    let long = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let int = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    let maybe = |text: &Option<String>| text.as_deref().map(|text| printable(text).into_owned());
    let background = r.background.as_ref().map(json);
    let logs = (!r.logs.is_empty()).then(|| json(&r.logs));
    let values: [&(dyn ToSql + Sync); COLUMNS.len()] = [
        &r.id,
        &&*r.app_id,
        &&*r.function_id,
        &&*r.function_name,
        &&*r.version_id,
        &int(r.version),
        &printable(&r.request_id),
        &&*r.trigger,
        &printable(&r.method),
        &printable(&r.path),
        &&*r.caller_type,
        &r.caller_key_id,
        &maybe(&r.user_id),
        &&*r.db_role,
        &r.status.map(i32::from),
        &r.started_at,
        &long(r.duration_us),
        &long(r.fuel),
        &long(r.memory_peak_bytes),
        &long(r.database_us),
        &int(r.host_operations),
        &long(r.egress_bytes),
        &r.error_code,
        &maybe(&r.error_message),
        &maybe(&r.error_stack),
        &background,
        &logs,
        &r.log_levels(),
        &r.parent_id,
        &long(r.invoked_fuel),
        &r.compiled_digest.as_deref(),
    ];
    writer.write(&values).await
}

/// What a batch adds to one function's hour.
#[derive(Default)]
struct Sum<'a> {
    app_id: &'a str,
    function_name: &'a str,
    invocations: i64,
    errors: i64,
    duration_us: i64,
    fuel: i64,
    database_us: i64,
    egress_bytes: i64,
}

async fn add_to_sums(
    transaction: &Transaction<'_>,
    statement: &Statement,
    records: &[&InvocationRecord],
) -> Result<u64, tokio_postgres::Error> {
    let sums = sums(records);
    let keys = || sums.keys();
    let column = |of: fn(&Sum<'_>) -> i64| -> Vec<i64> { sums.values().map(of).collect() };
    let apps: Vec<&str> = sums.values().map(|sum| sum.app_id).collect();
    let functions: Vec<&str> = keys().map(|(function_id, _)| *function_id).collect();
    let names: Vec<&str> = sums.values().map(|sum| sum.function_name).collect();
    let hours: Vec<DateTime<Utc>> = keys().map(|(_, hour)| *hour).collect();
    let values: [&(dyn ToSql + Sync); 10] = [
        &apps,
        &functions,
        &names,
        &hours,
        &column(|sum| sum.invocations),
        &column(|sum| sum.errors),
        &column(|sum| sum.duration_us),
        &column(|sum| sum.fuel),
        &column(|sum| sum.database_us),
        &column(|sum| sum.egress_bytes),
    ];
    transaction.execute(statement, &values).await
}

fn sums<'a>(records: &[&'a InvocationRecord]) -> BTreeMap<(&'a str, DateTime<Utc>), Sum<'a>> {
    let mut sums = BTreeMap::new();
    let add = |sum: &mut i64, value: u64| *sum = sum.saturating_add_unsigned(value);
    for record in records {
        // Every time that a record can have is far from the ends of time.
        let hour = record.started_at.duration_trunc(TimeDelta::hours(1)).unwrap_or(record.started_at);
        let sum: &mut Sum<'_> = sums.entry((&*record.function_id, hour)).or_default();
        sum.app_id = &record.app_id;
        sum.function_name = &record.function_name;
        add(&mut sum.invocations, 1);
        add(&mut sum.errors, u64::from(record.failed()));
        add(&mut sum.duration_us, record.duration_us);
        add(&mut sum.fuel, record.fuel);
        add(&mut sum.database_us, record.database_us);
        add(&mut sum.egress_bytes, record.egress_bytes);
    }
    sums
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
