//! One column, with the constraints that were written at it.

use super::fields::{self, Fields};
use super::{ParseError, Rules, constraint, types};
use crate::declare::dsl::{Check, DeclaredColumn, DeclaredTable, IdentityKind, Key};
use crate::declare::expression::Expression;
use crate::declare::node::Node;

/// Read a column into its table.
pub(super) fn parse(
    table: &mut DeclaredTable,
    name: &str,
    node: &Node,
    path: &str,
    rules: &Rules,
) -> Result<(), ParseError> {
    fields::check_name(name, path)?;
    if let Node::Text(_) = node {
        // `name: "text"` is short for `name: {type: "text"}`.
        let ty = types::check(fields::text(node, path)?, path)?;
        table.columns.push(DeclaredColumn {
            name: name.to_owned(),
            ty,
            nullable: true,
            ..DeclaredColumn::default()
        });
        return Ok(());
    }
    let mut fields = Fields::of(node, path)?;
    let type_path = fields.path("type");
    let ty = fields.text("type")?.ok_or_else(|| ParseError::new(&type_path, "is missing"))?;
    let ty = types::check(ty, &type_path)?;
    let is_key = primary(&mut fields)?;
    let nullable = fields.flag("nullable")?;
    if is_key && nullable == Some(true) {
        return Err(ParseError::new(fields.path("nullable"), "a primary key cannot be null"));
    }
    let column = DeclaredColumn {
        name: name.to_owned(),
        ty,
        nullable: nullable.unwrap_or(!is_key),
        default: fields.expression("default")?.map(Expression::declared),
        generated: fields.expression("generated")?.map(Expression::declared),
        identity: identity(&mut fields)?,
        collation: fields.name("collation")?,
        comment: fields.comment()?,
        renamed_from: fields.name("renamedFrom")?,
        using: fields.expression("using")?,
    };
    check(&column, &fields)?;
    if is_key {
        let path = fields.path("primaryKey");
        constraint::set_primary(table, Key { columns: vec![name.to_owned()], ..Key::default() }, &path)?;
    }
    if fields.flag("unique")? == Some(true) {
        table.uniques.push(Key { columns: vec![name.to_owned()], ..Key::default() });
    }
    if let Some(expression) = fields.expression("check")? {
        table.checks.push(Check { name: None, expression, path: fields.path("check") });
    }
    let path = fields.path("references");
    if let Some(node) = fields.take("references") {
        table.foreign_keys.push(constraint::reference(name, node, &path, rules)?);
    }
    fields.finish()?;
    table.columns.push(column);
    Ok(())
}

fn primary(fields: &mut Fields<'_>) -> Result<bool, ParseError> {
    let path = fields.path("primaryKey");
    let node = fields.take_either("primaryKey", "primary")?;
    Ok(node.map(|node| fields::flag(node, &path)).transpose()?.unwrap_or(false))
}

fn identity(fields: &mut Fields<'_>) -> Result<Option<IdentityKind>, ParseError> {
    let path = fields.path("identity");
    let wrong = || ParseError::new(&path, "must be \"always\", \"by default\" or true");
    match fields.take("identity") {
        None | Some(Node::Bool(false)) => Ok(None),
        Some(Node::Bool(true)) => Ok(Some(IdentityKind::ByDefault)),
        Some(Node::Text(text)) => match text.to_lowercase().replace(['_', '-', ' '], "").as_str() {
            "always" => Ok(Some(IdentityKind::Always)),
            "bydefault" => Ok(Some(IdentityKind::ByDefault)),
            _ => Err(wrong()),
        },
        Some(_) => Err(wrong()),
    }
}

/// Of default, identity and computation there can be one.
fn check(column: &DeclaredColumn, fields: &Fields<'_>) -> Result<(), ParseError> {
    let is_serial = types::canonical(&column.ty).ends_with("serial");
    let given = [
        ("type", is_serial),
        ("default", column.default.is_some()),
        ("generated", column.generated.is_some()),
        ("identity", column.identity.is_some()),
    ];
    let mut given = given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name);
    if let (Some(first), Some(second)) = (given.next(), given.next()) {
        let first = if first == "type" { "a serial type" } else { first };
        return Err(ParseError::new(fields.path(second), format!("cannot be had together with {first}")));
    }
    if (is_serial || column.identity.is_some()) && column.nullable && fields.has("nullable") {
        return Err(ParseError::new(fields.path("nullable"), "a serial or identity column cannot be null"));
    }
    Ok(())
}
