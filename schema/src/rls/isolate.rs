//! Isolation by user: a policy that shows each user their own rows.

use std::collections::BTreeSet;

use super::{RlsError, column_type, enable, find, replace};
use crate::catalog::{Catalog, Table};
use crate::declare::dsl::Policy;
use crate::plan::Step;
use crate::quote::{NAME_BYTES_MAX, clip, identifier};

/// Whose rows are whose: a column with the user's id, rows for everyone where another column says so, and the id filled in for
/// rows that users add.
///
/// # Errors
/// [`RlsError::NoTable`], [`RlsError::NoColumn`], [`RlsError::WrongType`]
pub fn isolate(
    catalog: &Catalog,
    table: &str,
    user_column: &str,
    public_read_column: Option<&str>,
) -> Result<Vec<Step>, RlsError> {
    let table = find(catalog, table)?;
    let ty = column_type(table, user_column)?;
    let cast = match ty {
        "text" => "",
        "uuid" => "::uuid",
        other if other.starts_with("character varying") => "",
        other => return Err(wrong_type(user_column, other, "uuid or text")),
    };
    let mine = format!("{} = current_user_id(){cast}", identifier(user_column));
    let mut steps = enable(catalog, &table.name)?;
    let all = |using: &str, check: Option<&str>, command: &str, role: &str| Policy {
        command: command.to_owned(),
        roles: BTreeSet::from([role.to_owned()]),
        using: Some(crate::Expression::declared(using)),
        check: check.map(crate::Expression::declared),
        restrictive: false,
    };
    let name = |end: &str| format!("{}{end}", clip(&table.name, NAME_BYTES_MAX - end.len()));
    let own = all(&mine, Some(&mine), "ALL", "butterbase_user");
    replace(&mut steps, table, &name("_user_isolation"), &own);
    if let Some(column) = public_read_column {
        match column_type(table, column)? {
            "boolean" => {}
            other => return Err(wrong_type(column, other, "boolean")),
        }
        for role in ["user", "anon"] {
            let read = all(&identifier(column), None, "SELECT", &format!("butterbase_{role}"));
            replace(&mut steps, table, &name(&format!("_public_read_{role}")), &read);
        }
    }
    steps.extend(fill_in(table, user_column, cast, &name("_fill_user")));
    Ok(steps)
}

fn fill_in(table: &Table, column: &str, cast: &str, name: &str) -> [Step; 3] {
    let (quoted, column, on) = (identifier(name), identifier(column), identifier(&table.name));
    let body = format!(
        "BEGIN IF NEW.{column} IS NULL THEN NEW.{column} := public.current_user_id(){cast}; END IF; RETURN NEW; END"
    );
    let function = format!(
        "CREATE OR REPLACE FUNCTION {quoted}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS {}",
        crate::quote::literal(&body)
    );
    let step = |sql: String, what: &str| Step::new(sql, format!("{what} {name:?}")).on(&table.name);
    [
        step(function, "create function"),
        step(format!("DROP TRIGGER IF EXISTS {quoted} ON {on}"), "drop trigger"),
        step(
            format!("CREATE TRIGGER {quoted} BEFORE INSERT ON {on} FOR EACH ROW EXECUTE FUNCTION {quoted}()"),
            "create trigger",
        ),
    ]
}

fn wrong_type(column: &str, found: &str, wanted: &'static str) -> RlsError {
    RlsError::WrongType { column: column.to_owned(), found: found.to_owned(), wanted }
}
