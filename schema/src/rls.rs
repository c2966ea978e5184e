//! Row-level security a table at a time: the statements of common changes, and explanations of why a row is visible.

mod explain;
mod isolate;
mod safe;

use std::collections::BTreeSet;

use crate::catalog::{Catalog, Table};
use crate::declare::dsl::Policy;
use crate::plan::{Hazard, Step};
use crate::planning::mentions;
use crate::planning::render;
use crate::quote::identifier;

pub use crate::error::RlsError;
pub use explain::{Question, Verdict, explain};
pub use isolate::isolate;
pub use safe::check_safe;

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

/// Create a policy; switches row-level security on.
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

/// Replace a policy.
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

/// Steps that try a policy on the rows that are there: for every role, so that it binds the owner, who runs the trial.
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

/// Tables that a policy reads and whose own policies show no rows to the roles that it is for.
pub fn warnings(catalog: &Catalog, table: &str, policy: &Policy) -> Vec<String> {
    let texts: Vec<&str> = [&policy.using, &policy.check].into_iter().flatten().map(|it| it.sql()).collect();
    let hidden = catalog.tables.values().filter(|other| {
        let reads = other.rls.policies.values().any(|it| it.command == "ALL" || it.command == "SELECT");
        other.name != table && other.rls.enabled && !reads
    });
    hidden
        .filter(|other| texts.iter().any(|text| mentions::mentions(text, &other.name)))
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
