//! Writes a batch of records and adds them to the sums of their hour, in one statement.
//!
//! A batch may come twice, after a connection was lost between the commit and its answer: rows that are there
//! already are neither written nor counted again.

use std::sync::LazyLock;

use deadpool_postgres::Object;
use tokio_postgres::types::ToSql;

use super::record::InvocationRecord;

/// Name and type of every column that is written.
const COLUMNS: [(&str, &str); 28] = [
    ("id", "text"),
    ("app_id", "text"),
    ("function_id", "text"),
    ("function_name", "text"),
    ("version_id", "text"),
    ("version", "integer"),
    ("request_id", "text"),
    ("trigger", "text"),
    ("method", "text"),
    ("path", "text"),
    ("caller_type", "text"),
    ("caller_key_id", "text"),
    ("user_id", "text"),
    ("db_role", "text"),
    ("status", "integer"),
    ("started_at", "timestamptz"),
    ("duration_us", "bigint"),
    ("fuel", "bigint"),
    ("memory_peak_bytes", "bigint"),
    ("database_us", "bigint"),
    ("host_operations", "integer"),
    ("egress_bytes", "bigint"),
    ("error_code", "text"),
    ("error_message", "text"),
    ("error_stack", "text"),
    ("background", "text"),
    ("logs", "text"),
    ("log_levels", "smallint"),
];

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let values: Vec<_> = COLUMNS
        .iter()
        .map(|(name, _)| match *name {
            // Sent as text: an array of jsonb would have to be parsed on this side first.
            "background" | "logs" => format!("b.{name}::jsonb"),
            _ => format!("b.{name}"),
        })
        .collect();
    let arrays: Vec<_> =
        COLUMNS.iter().enumerate().map(|(index, (_, kind))| format!("${}::{kind}[]", index + 1)).collect();
    format!(
        "WITH fresh AS (
            INSERT INTO invocations ({names})
            SELECT {values} FROM unnest({arrays}) AS b({names})
            -- An app that was deleted meanwhile takes its last records with it.
            JOIN apps a ON a.id = b.app_id
            ON CONFLICT (id) DO NOTHING
            RETURNING app_id, function_id, function_name, started_at, status, duration_us, fuel, database_us,
                egress_bytes
        )
        INSERT INTO invocation_hours AS h (app_id, function_id, function_name, hour, invocations, errors,
            duration_us, fuel, database_us, egress_bytes)
        SELECT app_id, function_id, min(function_name), date_trunc('hour', started_at, 'UTC'), count(*),
            count(*) FILTER (WHERE status IS NULL OR status >= 400),
            sum(duration_us), sum(fuel), sum(database_us), sum(egress_bytes)
        FROM fresh GROUP BY app_id, function_id, date_trunc('hour', started_at, 'UTC')
        -- Always in the same order, so that two nodes never wait for each other.
        ORDER BY function_id, date_trunc('hour', started_at, 'UTC')
        ON CONFLICT (function_id, hour) DO UPDATE SET
            invocations = h.invocations + excluded.invocations,
            errors = h.errors + excluded.errors,
            duration_us = h.duration_us + excluded.duration_us,
            fuel = h.fuel + excluded.fuel,
            database_us = h.database_us + excluded.database_us,
            egress_bytes = h.egress_bytes + excluded.egress_bytes",
        names = names.join(", "),
        values = values.join(", "),
        arrays = arrays.join(", "),
    )
});

/// Write these records.
pub(in crate::store) async fn insert(
    client: &Object,
    batch: &[InvocationRecord],
) -> Result<(), tokio_postgres::Error> {
    let statement = client.prepare_cached(&INSERT).await?;
    let text = |field: fn(&InvocationRecord) -> &str| -> Vec<String> {
        batch.iter().map(|record| printable(field(record))).collect()
    };
    let maybe = |field: fn(&InvocationRecord) -> Option<&str>| -> Vec<Option<String>> {
        batch.iter().map(|record| field(record).map(printable)).collect()
    };
    let long = |field: fn(&InvocationRecord) -> u64| -> Vec<i64> {
        batch.iter().map(|record| i64::try_from(field(record)).unwrap_or(i64::MAX)).collect()
    };
    let int = |field: fn(&InvocationRecord) -> u32| -> Vec<i32> {
        batch.iter().map(|record| i32::try_from(field(record)).unwrap_or(i32::MAX)).collect()
    };
    let params: [&(dyn ToSql + Sync); COLUMNS.len()] = [
        &text(|r| &r.id),
        &text(|r| &r.app_id),
        &text(|r| &r.function_id),
        &text(|r| &r.function_name),
        &text(|r| &r.version_id),
        &int(|r| r.version),
        &text(|r| &r.request_id),
        &text(|r| &r.trigger),
        &text(|r| &r.method),
        &text(|r| &r.path),
        &text(|r| &r.caller_type),
        &maybe(|r| r.caller_key_id.as_deref()),
        &maybe(|r| r.user_id.as_deref()),
        &text(|r| &r.db_role),
        &batch.iter().map(|r| r.status.map(i32::from)).collect::<Vec<_>>(),
        &batch.iter().map(|r| r.started_at).collect::<Vec<_>>(),
        &long(|r| r.duration_us),
        &long(|r| r.fuel),
        &long(|r| r.memory_peak_bytes),
        &long(|r| r.database_us),
        &int(|r| r.host_operations),
        &long(|r| r.egress_bytes),
        &maybe(|r| r.error_code.as_deref()),
        &maybe(|r| r.error_message.as_deref()),
        &maybe(|r| r.error_stack.as_deref()),
        &batch.iter().map(|r| r.background.as_ref().map(json)).collect::<Vec<_>>(),
        &batch.iter().map(|r| json(&r.logs)).collect::<Vec<_>>(),
        &batch.iter().map(InvocationRecord::log_levels).collect::<Vec<_>>(),
    ];
    client.execute(&statement, &params).await?;
    Ok(())
}

/// PostgreSQL's text has no NUL. A function may print one all the same, and must not lose its record by it.
fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// In jsonb neither: there the NUL hides in an escape. A backslash that is itself escaped begins none.
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

    #[test]
    fn every_column_has_its_parameter() {
        assert!(INSERT.contains("$28::smallint[]"));
        assert!(!INSERT.contains("$29"));
    }
}
