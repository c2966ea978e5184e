//! Keys, references and checks.

use super::fields::{self, Fields};
use super::{ParseError, Rules, nearest};
use crate::declare::dsl::{Action, Check, DeclaredTable, Deferral, ForeignKey, Key};
use crate::declare::node::Node;

/// There is one primary key, wherever it is written.
pub(super) fn set_primary(table: &mut DeclaredTable, key: Key, path: &str) -> Result<(), ParseError> {
    if table.primary_key.is_some() {
        let message = "a table has one primary key: list several columns in the table's \"primaryKey\"";
        return Err(ParseError::new(path, message));
    }
    table.primary_key = Some(key);
    Ok(())
}

/// The table's `primaryKey`: columns, or an object.
pub(super) fn primary(node: &Node, path: &str) -> Result<Key, ParseError> {
    match node {
        Node::List(_) => key_of(fields::names(node, path)?, path),
        _ => key(None, node, path),
    }
}

/// A unique constraint: columns, or an object.
pub(super) fn unique(name: Option<&str>, node: &Node, path: &str) -> Result<Key, ParseError> {
    if let Some(name) = name {
        fields::check_name(name, path)?;
    }
    match node {
        Node::List(_) => {
            Ok(Key { name: name.map(str::to_owned), ..key_of(fields::names(node, path)?, path)? })
        }
        _ => key(name, node, path),
    }
}

fn key(name: Option<&str>, node: &Node, path: &str) -> Result<Key, ParseError> {
    let mut fields = Fields::of(node, path)?;
    let columns = fields.name_list("columns")?;
    let columns = columns.ok_or_else(|| ParseError::new(fields.path("columns"), "is missing"))?;
    let own_name = if name.is_none() { fields.name("name")? } else { None };
    let key = Key {
        name: name.map(str::to_owned).or(own_name),
        include: fields.name_list("include")?.unwrap_or_default(),
        nulls_not_distinct: fields.flag("nullsNotDistinct")?.unwrap_or(false),
        deferral: deferral(&mut fields)?,
        ..key_of(columns, &fields.path("columns"))?
    };
    fields.finish()?;
    Ok(key)
}

fn key_of(columns: Vec<String>, path: &str) -> Result<Key, ParseError> {
    if columns.is_empty() {
        return Err(ParseError::new(path, "must name a column"));
    }
    Ok(Key { columns, ..Key::default() })
}

fn deferral(fields: &mut Fields<'_>) -> Result<Deferral, ParseError> {
    let path = fields.path("deferrable");
    match fields.take("deferrable") {
        None | Some(Node::Bool(false)) => Ok(Deferral::Never),
        Some(Node::Bool(true)) => Ok(Deferral::Deferrable),
        Some(Node::Text(text)) if text.eq_ignore_ascii_case("initially deferred") => Ok(Deferral::Deferred),
        Some(Node::Text(text)) if text.eq_ignore_ascii_case("initially immediate") => {
            Ok(Deferral::Deferrable)
        }
        Some(_) => Err(ParseError::new(path, "must be true, false or \"initially deferred\"")),
    }
}

/// A column's `references`: `"table.column"`, `"table"`, or an object.
pub(super) fn reference(
    column: &str,
    node: &Node,
    path: &str,
    _rules: &Rules,
) -> Result<ForeignKey, ParseError> {
    let mut key =
        ForeignKey { columns: vec![column.to_owned()], path: path.to_owned(), ..ForeignKey::default() };
    if let Node::Text(text) = node {
        let (table, target) = match text.rsplit_once('.') {
            Some((table, target)) => (table, Some(target)),
            None => (text.as_str(), None),
        };
        fields::check_name(table, path)?;
        key.table = table.to_owned();
        if let Some(target) = target {
            fields::check_name(target, path)?;
            key.references.push(target.to_owned());
        }
        return Ok(key);
    }
    let mut fields = Fields::of(node, path)?;
    key.references.extend(fields.name("column")?);
    finish_reference(key, &mut fields)
}

/// A foreign key of the table.
pub(super) fn foreign_key(name: Option<&str>, node: &Node, path: &str) -> Result<ForeignKey, ParseError> {
    if let Some(name) = name {
        fields::check_name(name, path)?;
    }
    let mut fields = Fields::of(node, path)?;
    let columns = fields.name_list("columns")?;
    let columns = columns.filter(|columns| !columns.is_empty());
    let columns = columns.ok_or_else(|| ParseError::new(fields.path("columns"), "must name a column"))?;
    let own_name = if name.is_none() { fields.name("name")? } else { None };
    let key = ForeignKey {
        name: name.map(str::to_owned).or(own_name),
        columns,
        path: path.to_owned(),
        references: fields.name_list("references")?.unwrap_or_default(),
        ..ForeignKey::default()
    };
    finish_reference(key, &mut fields)
}

fn finish_reference(mut key: ForeignKey, fields: &mut Fields<'_>) -> Result<ForeignKey, ParseError> {
    let table = fields.name("table")?;
    key.table = table.ok_or_else(|| ParseError::new(fields.path("table"), "is missing"))?;
    key.schema = fields.name("schema")?;
    key.on_delete = action(fields, "onDelete")?;
    key.on_update = action(fields, "onUpdate")?;
    key.on_delete_columns = fields.name_list("onDeleteColumns")?.unwrap_or_default();
    let match_path = fields.path("match");
    key.match_full = match fields.text("match")?.map(str::to_uppercase).as_deref() {
        None | Some("SIMPLE") => false,
        Some("FULL") => true,
        Some(_) => return Err(ParseError::new(match_path, "must be SIMPLE or FULL")),
    };
    key.deferral = deferral(fields)?;
    fields.finish()?;
    Ok(key)
}

fn action(fields: &mut Fields<'_>, name: &'static str) -> Result<Action, ParseError> {
    let path = fields.path(name);
    let Some(text) = fields.text(name)? else { return Ok(Action::NoAction) };
    let wanted = text.to_uppercase().replace('_', " ");
    Action::ALL.into_iter().find(|action| action.as_str() == wanted).ok_or_else(|| {
        let known = Action::ALL.map(Action::as_str);
        ParseError::new(path, format!("must be one of {}", known.join(", "))).suggest(nearest(&wanted, known))
    })
}

/// A check or an exclusion: an expression, under a name or without.
pub(super) fn check(name: Option<&str>, node: &Node, path: &str) -> Result<Check, ParseError> {
    if let Some(name) = name {
        fields::check_name(name, path)?;
    }
    let expression = fields::expression(node, path)?;
    Ok(Check { name: name.map(str::to_owned), expression, path: path.to_owned() })
}

/// An object's members have names, an array's have none.
pub(super) fn each<T>(
    fields: &mut Fields<'_>,
    member: &'static str,
    read: impl Fn(Option<&str>, &Node, &str) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    let path = fields.path(member);
    match fields.take(member) {
        None => Ok(Vec::new()),
        Some(Node::Object(members)) => {
            members.iter().map(|(name, node)| read(Some(name), node, &fields::join(&path, name))).collect()
        }
        Some(Node::List(nodes)) => {
            let each = nodes.iter().enumerate();
            each.map(|(place, node)| read(None, node, &format!("{path}[{place}]"))).collect()
        }
        Some(other) => {
            let message =
                format!("must be an object of names, or an array without them, not {}", other.kind());
            Err(ParseError::new(path, message))
        }
    }
}
