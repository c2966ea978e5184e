//! What the schema engine's failures mean to whoever asked.

use mayfly_schema::rls::RlsError;
use mayfly_schema::{ParseError, SchemaError};
use serde_json::json;

use crate::error::{ApiError, Code};
use crate::store::StoreError;

/// A mistake in a declaration.
pub(super) fn declaration(error: ParseError) -> ApiError {
    if error.is_table_limit {
        return ApiError::new(Code::QuotaTableLimit, error.text());
    }
    let details = json!({ "path": error.path, "suggestion": error.suggestion });
    ApiError::invalid(&error.path, error.text()).with_details(details)
}

/// A change of policies that makes no sense.
fn policy(error: &RlsError) -> ApiError {
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

impl From<SchemaError> for ApiError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Declaration(error) => declaration(error),
            SchemaError::Connection(error) => StoreError::from(error).into(),
            SchemaError::TooLarge { .. } => Self::new(Code::PayloadTooLarge, error.to_string()),
            SchemaError::Consent(ref missing) => {
                let details = json!({ "aliases": ["SCHEMA_DESTRUCTIVE_CHANGE"], "required": missing });
                Self::new(Code::StatePrerequisiteMissing, error.to_string()).with_details(details)
            }
            SchemaError::Loses(ref losses) => {
                let details = json!({ "aliases": ["SCHEMA_DESTRUCTIVE_CHANGE"], "losses": losses });
                Self::new(Code::StatePrerequisiteMissing, error.to_string()).with_details(details)
            }
            SchemaError::Locked { ref table, waited_ms } => {
                let details = json!({ "table": table, "waited_ms": waited_ms, "retryable": true });
                Self::new(Code::ResourceConflict, error.to_string()).with_details(details).retry_in(1)
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
                Self::new(Code::SchemaMigrationFailed, message).with_details(details)
            }
            SchemaError::Unproven { ref differences } => {
                let details = json!({ "differences": differences });
                Self::new(Code::SchemaMigrationFailed, error.to_string()).with_details(details)
            }
            SchemaError::Rls(error) => policy(&error),
            SchemaError::NoSuchState(id) => Self::not_found(format!("a recorded schema of migration {id}")),
            other => Self::internal(other),
        }
    }
}
