//! Failures on a tenant's connection, as the function's author sees them.

use mayfly_runtime::providers::GuestError;

use crate::wire::{Refusal, WireError};

/// PostgreSQL's own errors keep their SQLSTATE; the others have a name of ours.
pub(crate) fn guest_error(error: WireError) -> GuestError {
    match error {
        WireError::Refused(refusal) => refused(&refusal),
        WireError::Lost(_) | WireError::Protocol(_) => lost(),
        WireError::TooLarge(what) => GuestError::new("DB_RESULT_TOO_LARGE", what),
    }
}

/// Whether the statement took effect is not known: it is never sent a second time.
fn lost() -> GuestError {
    GuestError::new(
        "DB_CONNECTION_LOST",
        "the connection to the database was lost; whether the statement took effect is not known",
    )
}

pub(super) fn unreachable() -> GuestError {
    GuestError::new("DB_CONNECTION_LOST", "the database cannot be reached; nothing was sent to it")
}

pub(crate) fn timed_out(limit: std::time::Duration) -> GuestError {
    GuestError::new("DB_TIMEOUT", format!("the statement ran for more than {} ms", limit.as_millis()))
}

pub(super) fn exhausted(wait: std::time::Duration) -> GuestError {
    GuestError::new(
        "DB_POOL_EXHAUSTED",
        format!("no database connection became free within {} ms", wait.as_millis()),
    )
}

/// PostgreSQL's error, with every field that helps.
fn refused(refusal: &Refusal) -> GuestError {
    match refusal.sqlstate.as_str() {
        // The server is stopping or starting: no statement is at fault.
        "57P01" | "57P02" | "57P03" => return lost(),
        // We cancel on no other occasion whose error a function sees; and an abandoned transaction is ended.
        "57014" | "25P03" => {
            return GuestError::new("DB_TIMEOUT", refusal.message.clone())
                .with("sqlstate", refusal.sqlstate.clone());
        }
        _ => {}
    }
    let mut error = GuestError::new(refusal.sqlstate.clone(), refusal.message.clone());
    let fields = [
        ("detail", &refusal.detail),
        ("hint", &refusal.hint),
        ("position", &refusal.position),
        ("schema", &refusal.schema),
        ("table", &refusal.table),
        ("column", &refusal.column),
        ("dataType", &refusal.data_type),
        ("constraint", &refusal.constraint),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            error = error.with(name, value.clone());
        }
    }
    error
}
