//! Row-level security a table at a time: the statements for what is usually wanted, and why a row is seen or not.

mod explain;

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Table};
use crate::dsl::Policy;
use crate::plan::{Hazard, Step};
use crate::quote::{NAME_BYTES_MAX, clip, identifier};
use crate::{render, words};

pub use explain::{Question, Verdict, explain};

/// Why a change of policies makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RlsError {
    /// No such table.
    #[error("there is no table {0:?}")]
    NoTable(String),
    /// No such column.
    #[error("table {table:?} has no column {column:?}")]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// No such policy.
    #[error("table {table:?} has no policy {policy:?}")]
    NoPolicy {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
    },
    /// A policy of that name is there.
    #[error("table {table:?} has a policy {policy:?} already")]
    Exists {
        /// The table.
        table: String,
        /// The policy.
        policy: String,
    },
    /// A column of another type is needed.
    #[error("column {column:?} is {found}, and has to be {wanted}")]
    WrongType {
        /// The column.
        column: String,
        /// Its type.
        found: String,
        /// What it has to be.
        wanted: &'static str,
    },
    /// A function that no policy may call.
    #[error("a policy must not use {0}")]
    Unsafe(String),
}

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
    let found = UNSAFE.iter().find(|name| words::mentions(&lower, name)).map(|name| (*name).to_owned());
    let word = found.or_else(|| lower.contains("pg_advisory").then(|| "pg_advisory locks".to_owned()));
    // Letters may be written as numbers in a quoted name.
    let word = word.or_else(|| lower.contains("u&").then(|| "U& escapes".to_owned()));
    word.map_or(Ok(()), |word| Err(RlsError::Unsafe(word)))
}

/// Switch it on.
///
/// # Errors
/// [`RlsError::NoTable`]
pub fn enable(catalog: &Catalog, table: &str) -> Result<Vec<Step>, RlsError> {
    let table = find(catalog, table)?;
    let mut steps = Vec::new();
    if !table.rls.enabled {
        steps.push(alter(table, "ENABLE ROW LEVEL SECURITY", "enable row-level security"));
    }
    if !table.rls.forced {
        steps.push(alter(table, "FORCE ROW LEVEL SECURITY", "force row-level security"));
    }
    Ok(steps)
}

/// Switch it off, with all policies.
///
/// # Errors
/// [`RlsError::NoTable`]
pub fn disable(catalog: &Catalog, table: &str) -> Result<Vec<Step>, RlsError> {
    let table = find(catalog, table)?;
    let mut steps: Vec<Step> = table.rls.policies.keys().map(|policy| drop_step(table, policy)).collect();
    if table.rls.enabled {
        steps.push(alter(table, "NO FORCE ROW LEVEL SECURITY", "no longer force row-level security"));
        steps.push(alter(table, "DISABLE ROW LEVEL SECURITY", "disable row-level security"));
    }
    Ok(steps)
}

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
        using: Some(crate::Expression::said(using)),
        check: check.map(crate::Expression::said),
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

/// A policy of one's own; switches row-level security on.
///
/// # Errors
/// [`RlsError::NoTable`], [`RlsError::Exists`], [`RlsError::Unsafe`]
pub fn create(catalog: &Catalog, table: &str, name: &str, policy: &Policy) -> Result<Vec<Step>, RlsError> {
    let table = find(catalog, table)?;
    if table.rls.policies.contains_key(name) {
        return Err(RlsError::Exists { table: table.name.clone(), policy: name.to_owned() });
    }
    check_policy(policy)?;
    let mut steps = enable(catalog, &table.name)?;
    replace(&mut steps, table, name, policy);
    Ok(steps)
}

/// Another policy in the place of one that is there.
///
/// # Errors
/// [`RlsError::NoTable`], [`RlsError::NoPolicy`], [`RlsError::Unsafe`]
pub fn change(catalog: &Catalog, table: &str, name: &str, policy: &Policy) -> Result<Vec<Step>, RlsError> {
    let table = find(catalog, table)?;
    if !table.rls.policies.contains_key(name) {
        return Err(RlsError::NoPolicy { table: table.name.clone(), policy: name.to_owned() });
    }
    check_policy(policy)?;
    let mut steps = Vec::new();
    replace(&mut steps, table, name, policy);
    Ok(steps)
}

/// What shows whether a policy can be asked about the rows that are there: for everyone, so that it binds the owner, who tries it.
pub fn trial(table: &str, policy: &Policy) -> Vec<Step> {
    let name = "mayfly trial";
    let twin = |command: &str, using: &Option<crate::Expression>| Policy {
        command: command.to_owned(),
        roles: BTreeSet::from(["public".to_owned()]),
        using: using.clone(),
        check: None,
        restrictive: false,
    };
    let mut steps = Vec::new();
    for (number, expression) in [&policy.using, &policy.check].into_iter().enumerate() {
        if expression.is_some() {
            let sql = render::policy(table, &format!("{name} {number}"), &twin("SELECT", expression));
            steps.push(Step::new(sql, "try the policy").on(table));
        }
    }
    let sql = format!("SELECT count(*) FROM (SELECT FROM {} LIMIT 100) some_rows", identifier(table));
    steps.push(Step::new(sql, "ask it about rows that are there").on(table));
    steps
}

/// Drop one.
///
/// # Errors
/// [`RlsError::NoTable`], [`RlsError::NoPolicy`]
pub fn drop(catalog: &Catalog, table: &str, policy: &str) -> Result<Vec<Step>, RlsError> {
    let table = find(catalog, table)?;
    if !table.rls.policies.contains_key(policy) {
        return Err(RlsError::NoPolicy { table: table.name.clone(), policy: policy.to_owned() });
    }
    Ok(vec![drop_step(table, policy)])
}

/// Tables that a policy reads and whose own policies show nothing to whoever it is for.
pub fn warnings(catalog: &Catalog, table: &str, policy: &Policy) -> Vec<String> {
    let texts: Vec<&str> = [&policy.using, &policy.check].into_iter().flatten().map(|it| it.sql()).collect();
    let hidden = catalog.tables.values().filter(|other| {
        let reads = other.rls.policies.values().any(|it| it.command == "ALL" || it.command == "SELECT");
        other.name != table && other.rls.enabled && !reads
    });
    hidden
        .filter(|other| texts.iter().any(|text| words::mentions(text, &other.name)))
        .map(|other| format!("the policy reads {:?}, of which no policy shows any row", other.name))
        .collect()
}

fn check_policy(policy: &Policy) -> Result<(), RlsError> {
    [&policy.using, &policy.check].into_iter().flatten().try_for_each(|text| check_safe(text.sql()))
}

fn replace(steps: &mut Vec<Step>, table: &Table, name: &str, policy: &Policy) {
    if table.rls.policies.contains_key(name) {
        steps.push(drop_step(table, name));
    }
    let sql = render::policy(&table.name, name, policy);
    let step = Step::new(sql, format!("create policy {name:?} on {:?}", table.name));
    steps.push(step.on(&table.name).with(&[Hazard::ChangesAccess]));
}

fn drop_step(table: &Table, policy: &str) -> Step {
    let sql = format!("DROP POLICY {} ON {}", identifier(policy), identifier(&table.name));
    let step = Step::new(sql, format!("drop policy {policy:?} of {:?}", table.name));
    step.on(&table.name).with(&[Hazard::ChangesAccess])
}

fn alter(table: &Table, action: &str, what: &str) -> Step {
    let step = Step::new(render::alter(&table.name, action), format!("{what} on {:?}", table.name));
    step.on(&table.name).with(&[Hazard::ChangesAccess])
}

fn find<'a>(catalog: &'a Catalog, table: &str) -> Result<&'a Table, RlsError> {
    catalog.tables.get(table).ok_or_else(|| RlsError::NoTable(table.to_owned()))
}

fn column_type<'a>(table: &'a Table, column: &str) -> Result<&'a str, RlsError> {
    let missing = || RlsError::NoColumn { table: table.name.clone(), column: column.to_owned() };
    table.column(column).map(|column| column.ty.as_str()).ok_or_else(missing)
}

fn wrong_type(column: &str, found: &str, wanted: &'static str) -> RlsError {
    RlsError::WrongType { column: column.to_owned(), found: found.to_owned(), wanted }
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
