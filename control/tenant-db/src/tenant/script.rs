//! `POST /v1/{app}/sql`: a script, as the app's owner, in one transaction, recorded.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{ScriptError, TenantError};
use crate::db::{DbLimits, ProvenCall, TenantCredentials};
use crate::identity::Privilege;
use crate::wire::{self, Connection, Exchange, Field, Refusal, RowSink, StatementName, Values, WireError};
use mayfly_common::digest::sha256_hex;
use mayfly_postgres::PostgresEndpoint;
use mayfly_store::StoreError;

/// The longest script, in bytes.
pub(super) const SCRIPT_BYTES_MAX: usize = 1 << 20;

/// How much longer than the server's own timeout the host waits for the server to keep it.
const GRACE: Duration = Duration::from_secs(2);

/// A script to be run.
#[derive(Debug, Clone)]
pub struct MigrationScript {
    /// The SQL: any number of statements, no `BEGIN` or `COMMIT`.
    pub sql: String,
    /// What the author calls it.
    pub name: Option<String>,
    /// The key that it came with.
    pub key_id: Option<String>,
}

/// A script that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedScript {
    /// 1, 2, 3... within the app; a number may be missing.
    pub id: i64,
    /// What the author called it.
    pub name: Option<String>,
    /// The SQL.
    pub sql: String,
    /// SHA-256 of the SQL, in hexadecimal.
    pub checksum: String,
    /// The key that it came with.
    pub key_id: Option<String>,
    /// When it was run.
    pub applied_at: DateTime<Utc>,
    /// How long that took, in microseconds.
    pub duration_us: u64,
    /// The schema's fingerprint afterwards, where it is known.
    pub fingerprint: Option<String>,
}

/// Run and record it. After an error, nothing of it is there.
pub(super) async fn run(
    endpoint: &PostgresEndpoint,
    credentials: &TenantCredentials,
    limits: &DbLimits,
    script: MigrationScript,
) -> Result<AppliedScript, TenantError> {
    if script.sql.len() > SCRIPT_BYTES_MAX {
        return Err(TenantError::ScriptTooLarge { used: script.sql.len(), limit: SCRIPT_BYTES_MAX });
    }
    if script.sql.contains('\0') {
        let message = "the script contains a NUL character".to_owned();
        let error = ScriptError { sqlstate: "22021".to_owned(), message, ..ScriptError::default() };
        return Err(TenantError::Script(Box::new(error)));
    }
    let owner = Privilege::Owner.login(credentials.app_id());
    let settings = credentials.settings(Privilege::Owner, limits);
    let login = credentials.login(endpoint, &owner, &settings);
    // A connection of its own: a script's session side effects meet no other use.
    let mut connection = wire::connect(&login).await.map_err(|error| failure(error, &script.sql))?;
    let key_id = script.key_id.as_deref().unwrap_or_default();
    let proof = credentials.proof(ProvenCall::Change, ["script", key_id], connection.process_id());
    let work = run_on(&mut connection, script, proof);
    match tokio::time::timeout(limits.script_timeout + GRACE, work).await {
        Ok(outcome) => outcome,
        Err(_) => {
            connection.cancel_and_close().await;
            Err(timed_out(limits.script_timeout))
        }
    }
}

async fn run_on(
    connection: &mut Connection,
    script: MigrationScript,
    proof: String,
) -> Result<AppliedScript, TenantError> {
    let checksum = sha256_hex(script.sql.as_bytes());
    let begun = Instant::now();
    let before = ["BEGIN".to_owned()];
    let failed = |error| failure(error, &script.sql);
    let change = [Some("script".to_owned()), script.key_id.clone(), Some(proof.clone())];
    ask(connection, &before, "SELECT mayfly.begin_change($1, $2, $3)", &change).await.map_err(failed)?;
    ask(connection, &[], "SELECT mayfly.run_script($1)", &[Some(script.sql.clone())])
        .await
        .map_err(failed)?;
    ask(connection, &[], "SELECT mayfly.close_gaps()", &[]).await.map_err(failed)?;
    ask(connection, &[], "SELECT mayfly.end_change($1, $2, $3)", &change).await.map_err(failed)?;
    let duration_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
    let record = [
        script.name.clone(),
        Some(script.sql.clone()),
        Some(checksum.clone()),
        script.key_id.clone(),
        Some(duration_us.to_string()),
        Some(proof),
    ];
    let row = ask(
        connection,
        &[],
        "SELECT id, applied_ms FROM mayfly.record_script($1, $2, $3, $4, $5, $6)",
        &record,
    )
    .await
    .map_err(failed)?;
    // Constraints that were put off are checked now.
    connection.run_simple("COMMIT").await.map_err(failed)?;
    let [Some(id), Some(applied_ms)] = row.as_slice() else {
        return Err(internal("the record has no number"));
    };
    let applied_at = applied_ms.parse().ok().and_then(DateTime::from_timestamp_millis);
    Ok(AppliedScript {
        id: id.parse().map_err(|_| internal("the record's number is none"))?,
        name: script.name,
        sql: script.sql,
        checksum,
        key_id: script.key_id,
        applied_at: applied_at.ok_or_else(|| internal("the record's time is none"))?,
        duration_us,
        fingerprint: None,
    })
}

/// The first row of one statement's result.
async fn ask(
    connection: &mut Connection,
    before: &[String],
    sql: &str,
    params: &[Option<String>],
) -> Result<Vec<Option<String>>, WireError> {
    let params: Vec<_> =
        params.iter().map(|param| param.as_ref().map(|text| text.clone().into_bytes())).collect();
    let mut row = FirstRow::default();
    let exchange =
        Exchange { close: &[], before, name: StatementName::Unnamed, sql, params: &params, after: None };
    connection.exchange(&exchange, &mut row).await?;
    Ok(row.values)
}

#[derive(Default)]
struct FirstRow {
    values: Vec<Option<String>>,
}

impl RowSink for FirstRow {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        let mut values = Values::of(row)?;
        self.values.clear();
        while let Some(value) = values.next()? {
            self.values.push(value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
        }
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        64 << 10
    }
}

fn failure(error: WireError, sql: &str) -> TenantError {
    match error {
        WireError::Refused(refusal) if refusal.sqlstate == DISK_FULL => {
            TenantError::Store(StoreError::Full(refusal.to_string()))
        }
        WireError::Refused(refusal) if is_outage(&refusal) => {
            TenantError::Store(StoreError::Unavailable(refusal.to_string()))
        }
        WireError::Refused(refusal) => TenantError::Script(Box::new(script_error(&refusal, sql))),
        WireError::Lost(error) => TenantError::Store(StoreError::Unavailable(error.to_string())),
        // An error quotes a value of any size.
        WireError::TooLarge(_) => TenantError::Script(Box::new(ScriptError {
            sqlstate: "54000".to_owned(),
            message: "the script failed, and what PostgreSQL says of it is too long to be shown".to_owned(),
            ..ScriptError::default()
        })),
        WireError::Protocol(what) => internal(what),
    }
}

/// Not the script's fault, whatever it was writing.
const DISK_FULL: &str = "53100";

fn is_outage(refusal: &Refusal) -> bool {
    refusal.sqlstate.starts_with("08")
        || refusal.sqlstate.starts_with("57P")
        || ["53300", "3D000", "28000", "28P01"].contains(&refusal.sqlstate.as_str()) && refusal.fatal
}

fn internal(what: &str) -> TenantError {
    TenantError::Store(StoreError::Internal(what.to_owned()))
}

fn timed_out(limit: Duration) -> TenantError {
    TenantError::Script(Box::new(ScriptError {
        sqlstate: "57014".to_owned(),
        message: format!("the script ran for more than {} ms", limit.as_millis()),
        ..ScriptError::default()
    }))
}

/// The place is given only when it is one in the script itself, not in a function that the script called.
fn script_error(refusal: &Refusal, sql: &str) -> ScriptError {
    let position = refusal
        .internal_position
        .as_ref()
        .filter(|_| refusal.internal_query.as_deref() == Some(sql))
        .and_then(|position| position.parse().ok());
    let place = position.map(|position| line_and_column(sql, position));
    let ends_transaction =
        refusal.sqlstate == "0A000" && refusal.message.contains("transaction") || refusal.sqlstate == "2D000";
    let hint = if ends_transaction {
        Some("a script runs in one transaction by itself: leave out BEGIN, COMMIT and ROLLBACK".to_owned())
    } else {
        refusal.hint.clone()
    };
    ScriptError {
        sqlstate: refusal.sqlstate.clone(),
        message: refusal.message.clone(),
        detail: refusal.detail.clone(),
        hint,
        position,
        line: place.map(|(line, _)| line),
        column: place.map(|(_, column)| column),
    }
}

/// All from 1, in characters.
fn line_and_column(sql: &str, position: usize) -> (usize, usize) {
    let before = sql.chars().take(position.saturating_sub(1));
    before.fold(
        (1, 1),
        |(line, column), character| {
            if character == '\n' { (line + 1, 1) } else { (line, column + 1) }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        let sql = "select 'ü';\n  selec 1";
        assert_eq!(line_and_column(sql, 1), (1, 1));
        assert_eq!(line_and_column(sql, 15), (2, 3));
    }

    #[test]
    fn a_place_inside_a_function_is_not_the_scripts() {
        let refusal = Refusal {
            internal_position: Some("8".to_owned()),
            internal_query: Some("select x".to_owned()),
            ..Refusal::default()
        };
        assert_eq!(script_error(&refusal, "select f()").position, None);
        assert_eq!(script_error(&refusal, "select x").line, Some(1));
    }
}
