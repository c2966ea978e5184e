//! Functions that no policy may call.

use super::RlsError;
use crate::planning::mentions;

/// Functions that reach beyond the row: settings, files, other servers, other sessions, locks.
const UNSAFE: &[&str] = &[
    "set_config",
    "dblink",
    "dblink_exec",
    "dblink_connect",
    "lo_import",
    "lo_export",
    "lo_create",
    "lo_put",
    "pg_notify",
    "pg_read_file",
    "pg_read_binary_file",
    "pg_ls_dir",
    "pg_stat_file",
    "pg_terminate_backend",
    "pg_cancel_backend",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_reload_conf",
    "query_to_xml",
    "nextval",
    "setval",
    "pg_logical_emit_message",
];

/// Refuse an expression that calls one of them, under whatever schema.
///
/// # Errors
/// [`RlsError::Unsafe`]
pub fn check_safe(expression: &str) -> Result<(), RlsError> {
    let lower = expression.to_lowercase();
    let found = UNSAFE.iter().find(|name| mentions::mentions(&lower, name)).map(|name| (*name).to_owned());
    let word = found.or_else(|| lower.contains("pg_advisory").then(|| "pg_advisory locks".to_owned()));
    // Letters may be written as numbers in a quoted name.
    let word = word.or_else(|| lower.contains("u&").then(|| "U& escapes".to_owned()));
    word.map_or(Ok(()), |word| Err(RlsError::Unsafe(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_beyond_the_row_is_refused() {
        for text in [
            "set_config('role','x',true) = ''",
            "pg_catalog.PG_SLEEP(1) is null",
            "\"dblink\"('x') is null",
            "pg_advisory_lock(1) is null",
        ] {
            assert!(check_safe(text).is_err(), "{text}");
        }
        for text in ["owner = current_user_id()", "settings ->> 'x' = 'y'"] {
            assert!(check_safe(text).is_ok(), "{text}");
        }
    }
}
