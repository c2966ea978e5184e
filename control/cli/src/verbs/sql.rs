//! `mayfly sql`: a statement, with its rows; or a script, which is recorded.

use std::path::Path;

use mayfly_api::decode::{self, Nothing};
use mayfly_api::endpoint::Json;
use mayfly_api::routes::{RunCode as RunCodeRoute, SqlRun};
use mayfly_api::run::RunCode;
use mayfly_api::sql::RunSql;
use serde_json::{Map, Value, json};

use crate::args::SqlArgs;
use crate::exit::Exit;
use crate::given;
use crate::out;
use crate::remote::Remote;

/// First words of statements that have rows.
const WITH_ROWS: [&str; 5] = ["select", "with", "values", "table", "explain"];
/// What asks for the rows: as the service role, in a sandbox, and nothing else.
const CODE: &str = "const { rows, fields } = await ctx.db.query(input.sql, input.params, { rowMode: 'array', bigint: 'string' });
return Response.json({ rows, fields: fields.map((field) => field.name) });";

pub(super) async fn run(remote: &Remote, args: &SqlArgs) -> Result<Exit, Exit> {
    let sql = match &args.file {
        Some(file) => given::text(file)?,
        None => args.sql.clone().unwrap_or_default(),
    };
    if args.file.is_none() && (args.write || has_rows(&sql)) {
        return rows(remote, args, &sql).await;
    }
    if !args.params.is_empty() {
        out::complain("a script takes no parameters: --write runs one statement with them");
        return Err(Exit::Usage);
    }
    let name = args.file.as_deref().and_then(Path::file_name).and_then(|name| name.to_str());
    let wanted: RunSql = checked(json!({ "sql": sql, "name": name.filter(|name| *name != "-") }))?;
    remote.call::<SqlRun>(&[], &Nothing {}, &Json(wanted)).await?.print(remote, |applied| {
        out::say(&format!("script {} is applied and recorded, in {} ms", applied.id, applied.duration_ms));
    });
    Ok(Exit::Ok)
}

fn has_rows(sql: &str) -> bool {
    let first = sql.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    WITH_ROWS.iter().any(|word| first.eq_ignore_ascii_case(word))
}

async fn rows(remote: &Remote, args: &SqlArgs, sql: &str) -> Result<Exit, Exit> {
    let params: Vec<Value> = args.params.iter().map(|text| given::value(text)).collect();
    let db = if args.write { "read_write" } else { "read_only" };
    let body =
        json!({ "code": CODE, "input": { "sql": sql, "params": params }, "capabilities": { "db": db } });
    let wanted: RunCode = checked(body)?;
    let answered = remote.call::<RunCodeRoute>(&[], &Nothing {}, &Json(wanted)).await?.answer;
    if let Some(error) = &answered.error {
        out::complain(&format!("{}: {}", error.code, error.message));
        return Ok(Exit::Validation);
    }
    let (rows, fields) = (members(&answered.body["rows"]), members(&answered.body["fields"]));
    let fields: Vec<&str> = fields.iter().filter_map(Value::as_str).collect();
    if remote.json {
        let object = |row: &Value| -> Map<String, Value> {
            fields.iter().map(|name| (*name).to_owned()).zip(members(row).iter().cloned()).collect()
        };
        out::json(&rows.iter().map(object).collect::<Vec<_>>());
    } else {
        let row = |row: &Value| members(row).iter().map(shown).collect::<Vec<_>>();
        out::table(&fields, &rows.iter().map(row).collect::<Vec<_>>());
        out::say(&match rows.len() {
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        });
    }
    Ok(Exit::Ok)
}

fn checked<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, Exit> {
    decode::value(body, "").map_err(|error| {
        out::complain(error.message());
        Exit::Validation
    })
}

fn members(list: &Value) -> &[Value] {
    list.as_array().map_or(&[], Vec::as_slice)
}

/// A value on one line: control characters of a row are not the terminal's.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_rows_is_told_by_its_first_word() {
        for (sql, has) in [
            (" SELECT 1", true),
            ("with a as (select 1) table a", true),
            ("values(1)", true),
            ("selection", false),
            ("insert into t values (1)", false),
            ("create table t (n int)", false),
            ("", false),
        ] {
            assert_eq!(has_rows(sql), has, "{sql}");
        }
        assert_eq!(shown(&json!("a\n\u{1b}[31mb")), "a  [31mb");
    }
}
