//! `From<TenantError> for ApiError`, and the schema engine's errors as `ApiError`s.

use mayfly_schema::rls::RlsError;
use mayfly_schema::{ParseError, SchemaError};
use serde_json::json;

use mayfly_api::error::{ApiError, Code};
use mayfly_store::StoreError;

use crate::tenant::TenantError;

/// A mistake in a declaration.
pub fn declaration_error(error: ParseError) -> ApiError {
    if error.is_table_limit {
        return ApiError::new(Code::QuotaTableLimit, error.text());
    }
    let details = json!({ "path": error.path, "suggestion": error.suggestion });
    ApiError::invalid(&error.path, error.text()).with_details(details)
}

/// A change of policies that makes no sense.
fn policy_error(error: &RlsError) -> ApiError {
    let alias = match error {
        RlsError::NoTable(_) => "VALIDATION_TABLE_NOT_FOUND",
        RlsError::NoColumn { .. } => "VALIDATION_COLUMN_NOT_FOUND",
        RlsError::WrongType { .. } => "VALIDATION_INVALID_TYPE",
        RlsError::Unsafe(_) => "RLS_UNSAFE_EXPRESSION",
        RlsError::NoPolicy { .. } => return ApiError::not_found("the policy"),
        RlsError::Exists { .. } => return ApiError::new(Code::ResourceConflict, error.to_string()),
        _ => "RLS_INVALID_EXPRESSION",
    };
    ApiError::new(Code::ValidationInvalidSchema, error.to_string())
        .with_details(json!({ "aliases": [alias] }))
}

/// An error of the schema engine.
pub fn schema_error(error: SchemaError) -> ApiError {
    match error {
        SchemaError::Declaration(error) => declaration_error(error),
        SchemaError::Connection(error) => StoreError::from(error).into(),
        SchemaError::TooLarge { .. } => ApiError::new(Code::PayloadTooLarge, error.to_string()),
        SchemaError::Consent(ref missing) => {
            let details = json!({ "aliases": ["SCHEMA_DESTRUCTIVE_CHANGE"], "required": missing });
            ApiError::new(Code::StatePrerequisiteMissing, error.to_string()).with_details(details)
        }
        SchemaError::Loses(ref losses) => {
            let details = json!({ "aliases": ["SCHEMA_DESTRUCTIVE_CHANGE"], "losses": losses });
            ApiError::new(Code::StatePrerequisiteMissing, error.to_string()).with_details(details)
        }
        SchemaError::Locked { ref table, waited_ms } => {
            let details = json!({ "table": table, "waited_ms": waited_ms, "retryable": true });
            ApiError::new(Code::ResourceConflict, error.to_string())
                .with_details(details)
                .retry_after_seconds(1)
        }
        SchemaError::Step { step, failure, kept } => {
            let details = json!({
                "sqlstate": failure.sqlstate,
                "pg_code": failure.sqlstate,
                "severity": "ERROR",
                "detail": failure.detail,
                "hint": failure.hint,
                "table": failure.table,
                "column": failure.column,
                "existing_row_count": failure.rows,
                "statement": step.sql,
                "description": step.description,
                "statements_kept": kept,
            });
            let message = format!("{}: {failure}", step.description);
            ApiError::new(Code::SchemaMigrationFailed, message).with_details(details)
        }
        SchemaError::Unproven { ref differences } => {
            let details = json!({ "differences": differences });
            ApiError::new(Code::SchemaMigrationFailed, error.to_string()).with_details(details)
        }
        SchemaError::Rls(error) => policy_error(&error),
        SchemaError::NoSuchState(id) => ApiError::not_found(format!("a recorded schema of migration {id}")),
        other => ApiError::internal(other),
    }
}

impl From<TenantError> for ApiError {
    fn from(error: TenantError) -> Self {
        match error {
            TenantError::Missing => Self::not_found("the app"),
            TenantError::NotReady => Self::new(
                Code::StatePrerequisiteMissing,
                "the app is being made or deleted; wait until it is ready",
            ),
            TenantError::ScriptTooLarge { limit, .. } => {
                Self::new(Code::PayloadTooLarge, format!("the script may have {limit} bytes at most"))
            }
            TenantError::Script(script) => {
                let details = serde_json::json!({
                    "sqlstate": script.sqlstate,
                    "detail": script.detail,
                    "hint": script.hint,
                    "position": script.position,
                    "line": script.line,
                    "column": script.column,
                });
                Self::new(Code::SchemaMigrationFailed, script.to_string()).with_details(details)
            }
            TenantError::Schema(error) => schema_error(error),
            TenantError::Store(error) => error.into(),
            TenantError::Secrets(error) => error.into(),
            // To those who manage the app: no other caller gets as far as its database.
            TenantError::Closed(reason) => {
                Self::app_closed().with_details(json!({ "closed_reason": reason }))
            }
            TenantError::Unsuitable(_) => Self::internal(error),
        }
    }
}
