//! Row-level security of a table.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{self, Fields};
use super::{ParseError, Rules, nearest};
use crate::declare::dsl::{Policy, Rls};
use crate::declare::expression::Expression;
use crate::declare::node::Node;

const COMMANDS: [&str; 5] = ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"];

pub(super) fn parse(node: &Node, path: &str, rules: &Rules) -> Result<Rls, ParseError> {
    if let Node::Bool(enabled) = node {
        return Ok(Rls { enabled: *enabled, forced: *enabled, policies: BTreeMap::new() });
    }
    let mut fields = Fields::of(node, path)?;
    let enabled = fields.flag("enabled")?.unwrap_or(true);
    let forced = fields.flag("forced")?;
    if rules.always_forced && enabled && forced == Some(false) {
        let message = "row-level security binds the table's owner too, here: leave it out";
        return Err(ParseError::new(fields.path("forced"), message));
    }
    let mut policies = BTreeMap::new();
    for (name, node) in fields.members("policies")?.unwrap_or_default() {
        let path = fields.path_in("policies", name);
        fields::check_name(name, &path)?;
        policies.insert(name.clone(), policy(node, &path, rules)?);
    }
    fields.finish()?;
    Ok(Rls { enabled, forced: forced.unwrap_or(enabled), policies })
}

fn policy(node: &Node, path: &str, rules: &Rules) -> Result<Policy, ParseError> {
    let mut fields = Fields::of(node, path)?;
    let command_path = fields.path("command");
    let command = fields.text("command")?.unwrap_or("ALL").to_uppercase();
    if !COMMANDS.contains(&command.as_str()) {
        let error = ParseError::new(command_path, format!("must be one of {}", COMMANDS.join(", ")));
        return Err(error.suggest(nearest(&command, COMMANDS)));
    }
    let roles = roles(&mut fields, rules)?;
    let using = fields.expression("using")?;
    let check_path = fields.path("check");
    let check = fields.take_either("check", "withCheck")?;
    let check = check.map(|node| fields::expression(node, &check_path)).transpose()?;
    if command == "INSERT" && using.is_some() {
        return Err(ParseError::new(fields.path("using"), "an INSERT policy has \"check\" alone"));
    }
    if (command == "SELECT" || command == "DELETE") && check.is_some() {
        return Err(ParseError::new(check_path, format!("a {command} policy has \"using\" alone")));
    }
    let restrictive = fields.flag("restrictive")?.unwrap_or(false);
    fields.finish()?;
    let (using, check) = (using.map(Expression::declared), check.map(Expression::declared));
    Ok(Policy { command, roles, using, check, restrictive })
}

fn roles(fields: &mut Fields<'_>, rules: &Rules) -> Result<BTreeSet<String>, ParseError> {
    let path = fields.path("role");
    let given = match fields.take_either("role", "roles")? {
        None => vec!["public".to_owned()],
        Some(Node::Text(name)) => vec![name.clone()],
        Some(node) => fields::names(node, &path)?,
    };
    if given.is_empty() {
        return Err(ParseError::new(path, "must name a role"));
    }
    for name in &given {
        fields::check_name(name, &path)?;
    }
    let known = |name: String| match rules.role_aliases.get(&name) {
        Some(role) => role.clone(),
        None if name.eq_ignore_ascii_case("public") => "public".to_owned(),
        None => name,
    };
    Ok(given.into_iter().map(known).collect())
}
