//! Writes a batch of records and adds it to the sums: COPY, in one transaction.

use std::collections::{BTreeMap, HashSet};
use std::pin::pin;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use deadpool_postgres::{Object, Transaction};
use futures_util::SinkExt as _;
use tokio_postgres::types::ToSql;

use super::copy;
use super::record::InvocationRecord;

/// What is sent at a time: consoles can be long.
const PIECE_BYTES: usize = 64 << 10;

/// Numbers are given out and committed by one writer at a time, over all nodes: whoever reads a number has missed none
/// below it. Any key will do, as long as every build uses this one.
const LOCK: &str = "SELECT pg_advisory_xact_lock(7236834721873001)";

const ADD_TO_SUMS: &str =
    "INSERT INTO invocation_hours AS h (app_id, function_id, function_name, hour, invocations, errors,
        duration_us, fuel, database_us, egress_bytes)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
    -- An app that was deleted meanwhile takes its last sums with it.
    WHERE EXISTS (SELECT 1 FROM apps WHERE id = $1)
    ON CONFLICT (function_id, hour) DO UPDATE SET
        invocations = h.invocations + excluded.invocations,
        errors = h.errors + excluded.errors,
        duration_us = h.duration_us + excluded.duration_us,
        fuel = h.fuel + excluded.fuel,
        database_us = h.database_us + excluded.database_us,
        egress_bytes = h.egress_bytes + excluded.egress_bytes";

/// Write these records. `again`: they may have been written before, by an attempt whose end nobody heard of.
pub(in crate::store) async fn insert(
    client: &mut Object,
    batch: &[Arc<InvocationRecord>],
    again: bool,
) -> Result<(), tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LOCK).await?;
    let known = if again { known(&transaction, batch).await? } else { HashSet::new() };
    let fresh: Vec<&InvocationRecord> =
        batch.iter().map(Arc::as_ref).filter(|record| !known.contains(record.id.as_str())).collect();
    copy(&transaction, &fresh).await?;
    add_to_sums(&transaction, &fresh).await?;
    transaction.commit().await
}

async fn known(
    transaction: &Transaction<'_>,
    batch: &[Arc<InvocationRecord>],
) -> Result<HashSet<String>, tokio_postgres::Error> {
    let ids: Vec<&str> = batch.iter().map(|record| record.id.as_str()).collect();
    let rows = transaction.query("SELECT id FROM invocations WHERE id = ANY ($1)", &[&ids]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

async fn copy(
    transaction: &Transaction<'_>,
    records: &[&InvocationRecord],
) -> Result<(), tokio_postgres::Error> {
    let mut sink = pin!(transaction.copy_in(&copy::command()).await?);
    let mut rows = copy::begin();
    for record in records {
        copy::write(&mut rows, record);
        if rows.len() >= PIECE_BYTES {
            sink.send(rows.split().freeze()).await?;
        }
    }
    copy::end(&mut rows);
    sink.send(rows.freeze()).await?;
    sink.finish().await?;
    Ok(())
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
    records: &[&InvocationRecord],
) -> Result<(), tokio_postgres::Error> {
    let statement = transaction.prepare_cached(ADD_TO_SUMS).await?;
    for ((function_id, hour), sum) in &sums(records) {
        let values: [&(dyn ToSql + Sync); 10] = [
            &sum.app_id,
            function_id,
            &sum.function_name,
            hour,
            &sum.invocations,
            &sum.errors,
            &sum.duration_us,
            &sum.fuel,
            &sum.database_us,
            &sum.egress_bytes,
        ];
        transaction.execute(&statement, &values).await?;
    }
    Ok(())
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
