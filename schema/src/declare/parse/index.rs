//! One index.

use std::collections::BTreeMap;

use super::ParseError;
use super::fields::{self, Fields};
use crate::declare::dsl::{Index, IndexKey, KeyTarget};
use crate::declare::expression::Expression;
use crate::declare::node::Node;

pub(super) fn parse(name: &str, node: &Node, path: &str) -> Result<Index, ParseError> {
    fields::check_name(name, path)?;
    let mut fields = Fields::of(node, path)?;
    let opclass = operator_class(&mut fields)?;
    let index = Index {
        name: name.to_owned(),
        keys: keys(&mut fields, opclass.as_deref())?,
        unique: fields.flag("unique")?.unwrap_or(false),
        method: method(&mut fields)?,
        predicate: fields.expression("where")?.map(Expression::declared),
        include: fields.name_list("include")?.unwrap_or_default(),
        nulls_not_distinct: fields.flag("nullsNotDistinct")?.unwrap_or(false),
        parameters: parameters(&mut fields)?,
        concurrently: fields.flag("concurrently")?.unwrap_or(false),
    };
    fields.finish()?;
    Ok(index)
}

fn keys(fields: &mut Fields<'_>, opclass: Option<&str>) -> Result<Vec<IndexKey>, ParseError> {
    let path = fields.path("columns");
    let mut keys = Vec::new();
    match fields.take("columns") {
        Some(Node::List(nodes)) => {
            for (place, node) in nodes.iter().enumerate() {
                keys.push(key(node, &format!("{path}[{place}]"), opclass)?);
            }
        }
        Some(other) => {
            return Err(ParseError::new(path, format!("must be an array, not {}", other.kind())));
        }
        None => {}
    }
    if let Some(expression) = fields.expression("expression")? {
        let target = KeyTarget::Expression(Expression::declared(expression));
        keys.push(IndexKey { target, opclass: opclass.map(str::to_owned), ..IndexKey::default() });
    }
    if keys.is_empty() {
        return Err(ParseError::new(path, "must name a column, or give an expression"));
    }
    Ok(keys)
}

fn key(node: &Node, path: &str, opclass: Option<&str>) -> Result<IndexKey, ParseError> {
    let opclass = opclass.map(str::to_owned);
    if let Node::Text(name) = node {
        fields::check_name(name, path)?;
        return Ok(IndexKey { target: KeyTarget::Column(name.clone()), opclass, ..IndexKey::default() });
    }
    let mut fields = Fields::of(node, path)?;
    let target = match (fields.name("column")?, fields.expression("expression")?) {
        (Some(name), None) => KeyTarget::Column(name),
        (None, Some(expression)) => KeyTarget::Expression(Expression::declared(expression)),
        _ => return Err(ParseError::new(path, "must have either \"column\" or \"expression\"")),
    };
    let key = IndexKey {
        target,
        collation: fields.name("collation")?,
        opclass: operator_class(&mut fields)?.or(opclass),
        descending: choice(&mut fields, "order", "asc", "desc")?.unwrap_or(false),
        nulls_first: choice(&mut fields, "nulls", "last", "first")?,
    };
    fields.finish()?;
    Ok(key)
}

/// False for the first word, true for the second.
fn choice(
    fields: &mut Fields<'_>,
    name: &'static str,
    no: &str,
    yes: &str,
) -> Result<Option<bool>, ParseError> {
    let path = fields.path(name);
    match fields.text(name)?.map(str::to_lowercase) {
        None => Ok(None),
        Some(text) if text == no => Ok(Some(false)),
        Some(text) if text == yes => Ok(Some(true)),
        Some(_) => Err(ParseError::new(path, format!("must be {no:?} or {yes:?}"))),
    }
}

fn method(fields: &mut Fields<'_>) -> Result<Option<String>, ParseError> {
    word(fields, "method")
}

fn operator_class(fields: &mut Fields<'_>) -> Result<Option<String>, ParseError> {
    word(fields, "opclass")
}

/// A plain word: it goes into the statement as a quoted name, and PostgreSQL writes those small.
fn word(fields: &mut Fields<'_>, name: &'static str) -> Result<Option<String>, ParseError> {
    Ok(fields.name(name)?.map(|text| text.to_lowercase()))
}

fn parameters(fields: &mut Fields<'_>) -> Result<BTreeMap<String, String>, ParseError> {
    let mut parameters = BTreeMap::new();
    let path = fields.path("with");
    for (name, node) in fields.members("with")?.unwrap_or_default() {
        let at = fields::join(&path, name);
        fields::check_name(name, &at)?;
        let value = match node {
            Node::Number(number) => number.to_string(),
            Node::Bool(value) => value.to_string(),
            other => fields::text(other, &at)?.to_owned(),
        };
        if value.contains('\0') || value.len() > 100 {
            return Err(ParseError::new(at, "must have at most 100 bytes, and no NUL"));
        }
        parameters.insert(name.clone(), value);
    }
    Ok(parameters)
}
