//! What `ctx.db` makes of a column's values.

use super::names::Names;
use crate::declare::dsl::{Declared, DeclaredColumn};
use crate::declare::parse::{KNOWN_TYPES as KNOWN, canonical_type};

/// Types that extensions bring and that arrive as text.
const EXTENSIONS: [&str; 10] =
    ["citext", "cube", "geography", "geometry", "halfvec", "hstore", "ltree", "seg", "sparsevec", "vector"];

/// The type of a column's values.
pub(super) fn of(column: &DeclaredColumn, declared: &Declared, names: &Names) -> String {
    let canonical = canonical_type(&column.ty);
    let (bare, is_array) = match canonical.strip_suffix("[]") {
        Some(bare) => (bare, true),
        None => (canonical.as_str(), false),
    };
    let unquoted = bare.trim_matches('"').replace("\"\"", "\"");
    let is_enum = declared.enums.contains_key(&unquoted);
    let one = if is_enum { names.of_enum(&unquoted) } else { scalar(bare) };
    let ty = match is_array {
        // The host knows PostgreSQL's own arrays: those of other types arrive as the text that PostgreSQL writes.
        true if is_enum || is_from_extension(bare) || name_of(bare) == "box" => "string".to_owned(),
        // An element may be NULL, whatever the column says.
        true if one != "unknown" => format!("({one} | null)[]"),
        _ => one.to_owned(),
    };
    let is_numbered = bare.ends_with("serial") || column.identity.is_some();
    if column.nullable && !is_numbered && ty != "unknown" { format!("{ty} | null") } else { ty }
}

fn scalar(ty: &str) -> &'static str {
    match name_of(ty) {
        "smallint" | "integer" | "serial" | "smallserial" | "real" | "double precision" | "oid" => "number",
        // A number as long as it is a safe one, a string beyond.
        "bigint" | "bigserial" => "number | string",
        "boolean" => "boolean",
        "json" | "jsonb" => "Json",
        "bytea" => "Uint8Array",
        "timestamp" | "timestamp without time zone" | "timestamp with time zone" => "Date",
        _ if is_text(ty) => "string",
        // A domain: what it is over, the declaration does not say.
        _ => "unknown",
    }
}

fn name_of(ty: &str) -> &str {
    ty.split('(').next().unwrap_or(ty).trim()
}

fn is_from_extension(ty: &str) -> bool {
    let name = name_of(ty);
    EXTENSIONS.contains(&name.rsplit('.').next().unwrap_or(name))
}

fn is_text(ty: &str) -> bool {
    let name = name_of(ty);
    let is_own = name.starts_with("reg") || name.starts_with("time") || name.ends_with("multirange");
    let others =
        ["character", "\"char\"", "name", "pg_snapshot", "txid_snapshot", "tid", "xid", "xid8", "cid"];
    is_own || is_from_extension(ty) || KNOWN.contains(&name) || others.contains(&name)
}
