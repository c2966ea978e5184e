//! Explains the visibility of rows: which policy shows a row, and which hides it.

use serde::Serialize;
use serde_json::Value;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

use crate::apply::{Options, begin, catalog_of};
use crate::error::SchemaError;
use crate::planning::render;
use crate::quote::identifier;

/// Rows that are explained at once.
const ROWS_MAX: i64 = 20;
/// Characters of a row that is shown; a longer one is shown as a text that is cut.
const ROW_CHARS_MAX: usize = 65_536;

/// What is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The table.
    pub table: String,
    /// The role that asks.
    pub role: String,
    /// `SELECT`, `UPDATE` or `DELETE`.
    pub command: String,
    /// A statement that makes the session the user's.
    pub become_user: Option<String>,
    /// Columns and what they have to be, as text; none: any rows.
    pub row: Vec<(String, String)>,
}

/// What is found about one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// The row.
    pub row: Value,
    /// Whether the role gets at it.
    pub visible: bool,
    /// Policies that let it through.
    pub shown_by: Vec<String>,
    /// Policies that apply and do not.
    pub hidden_by: Vec<String>,
    /// In words.
    pub reason: String,
}

/// Look at rows with the owner's eyes and ask every policy about each. Nothing is changed.
///
/// What a policy reads from other tables, it reads as the owner.
///
/// # Errors
/// [`SchemaError::Rls`] for a table or column that is not there.
pub async fn explain(
    client: &mut Client,
    question: &Question,
    options: &Options,
) -> Result<Vec<Verdict>, SchemaError> {
    let transaction = client.transaction().await?;
    begin(&transaction, options).await?;
    let catalog = catalog_of(&transaction, options).await?;
    let table = super::find(&catalog, &question.table)?;
    let applies = |name: &str, command: &str| {
        [question.role.as_str(), "public"].contains(&name)
            && [question.command.as_str(), "ALL"].contains(&command)
    };
    let policies: Vec<_> = table
        .rls
        .policies
        .iter()
        .filter(|(_, policy)| policy.roles.iter().any(|role| applies(role, &policy.command)))
        .collect();
    let verdicts: Vec<String> = policies
        .iter()
        .map(|(_, policy)| {
            policy.using.as_ref().map_or("true".to_owned(), |using| format!("({}) IS TRUE", using.sql()))
        })
        .collect();
    let mut conditions = Vec::new();
    for (number, (column, _)) in question.row.iter().enumerate() {
        super::column_type(table, column)?;
        conditions.push(format!("{}::text = ${}", identifier(column), number + 1));
    }
    let filter =
        if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let name = identifier(&table.name);
    let sql = format!(
        "SELECT CASE WHEN length(to_json({name})::text) > {ROW_CHARS_MAX} \
           THEN to_json(left(to_json({name})::text, {ROW_CHARS_MAX}) || '...') ELSE to_json({name}) END, \
           ARRAY[{}]::boolean[] FROM {name}{filter} LIMIT {ROWS_MAX}",
        verdicts.join(", ")
    );
    transaction.batch_execute(&render::alter(&table.name, "NO FORCE ROW LEVEL SECURITY")).await?;
    if let Some(statement) = &question.become_user {
        transaction.batch_execute(statement).await?;
    }
    let params: Vec<(&(dyn ToSql + Sync), Type)> =
        question.row.iter().map(|(_, value)| (value as &(dyn ToSql + Sync), Type::TEXT)).collect();
    let rows = transaction.query_typed(&sql, &params).await?;
    let mut found = Vec::new();
    for row in &rows {
        let row_json: Value = row.try_get(0)?;
        let passed: Vec<bool> = row.try_get(1)?;
        let of = |wanted: bool| -> Vec<String> {
            let each = policies.iter().zip(&passed).filter(|(_, passed)| **passed == wanted);
            each.map(|((name, _), _)| (*name).clone()).collect()
        };
        let permissive = policies.iter().zip(&passed).any(|((_, it), passed)| !it.restrictive && *passed);
        let restricted = policies.iter().zip(&passed).any(|((_, it), passed)| it.restrictive && !*passed);
        let visible = !table.rls.enabled || permissive && !restricted;
        let reason = match (table.rls.enabled, policies.is_empty(), permissive, restricted) {
            (false, ..) => "row-level security is off: everyone sees every row",
            (true, true, ..) => "no policy applies to this role and command, so it gets at no row",
            (true, _, false, _) => "no permissive policy lets the row through",
            (true, _, true, true) => "a restrictive policy holds it back",
            (true, _, true, false) => {
                "a permissive policy lets it through, and no restrictive one holds it back"
            }
        };
        found.push(Verdict {
            row: row_json,
            visible,
            shown_by: of(true),
            hidden_by: of(false),
            reason: reason.to_owned(),
        });
    }
    transaction.rollback().await?;
    Ok(found)
}
