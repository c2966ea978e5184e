//! Members of an object, each taken by name; members that are left over are unknown, and a mistake.

use std::collections::BTreeSet;

use super::{ParseError, lexis, nearest};
use crate::declare::node::Node;
use crate::quote::NAME_BYTES_MAX;

/// The longest comment, in bytes.
const COMMENT_BYTES_MAX: usize = 64 << 10;

/// An object being read.
pub(super) struct Fields<'a> {
    path: String,
    members: &'a [(String, Node)],
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(node: &'a Node, path: &str) -> Result<Self, ParseError> {
        match node {
            Node::Object(members) => Ok(Self { path: path.to_owned(), members, asked: Vec::new() }),
            other => Err(ParseError::new(path, format!("must be an object, not {}", other.kind()))),
        }
    }

    /// A member that is not null. `null` is as good as leaving it out.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'a Node> {
        self.asked.push(name);
        let (_, node) = self.members.iter().find(|(key, _)| key == name)?;
        (*node != Node::Null).then_some(node)
    }

    /// Whether the member is there, `null` or not.
    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| key == name)
    }

    /// A member that goes by two names.
    pub(super) fn take_either(
        &mut self,
        name: &'static str,
        other: &'static str,
    ) -> Result<Option<&'a Node>, ParseError> {
        match (self.take(name), self.take(other)) {
            (Some(_), Some(_)) => Err(ParseError::new(
                self.path(other),
                format!("is the same as {name:?}: give one of the two"),
            )),
            (first, second) => Ok(first.or(second)),
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<&'a str>, ParseError> {
        self.take(name).map(|node| text(node, &join(&self.path, name))).transpose()
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, ParseError> {
        self.take(name).map(|node| flag(node, &join(&self.path, name))).transpose()
    }

    /// A name of something in PostgreSQL.
    pub(super) fn name(&mut self, name: &'static str) -> Result<Option<String>, ParseError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        check_name(text, &self.path(name))?;
        Ok(Some(text.to_owned()))
    }

    /// Names, each once, in any order.
    pub(super) fn names(&mut self, name: &'static str) -> Result<BTreeSet<String>, ParseError> {
        Ok(self.name_list(name)?.unwrap_or_default().into_iter().collect())
    }

    /// Names in their order.
    pub(super) fn name_list(&mut self, name: &'static str) -> Result<Option<Vec<String>>, ParseError> {
        let path = self.path(name);
        self.take(name).map(|node| names(node, &path)).transpose()
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, ParseError> {
        let path = self.path(name);
        self.take(name).map(|node| texts(node, &path)).transpose()
    }

    /// An SQL expression.
    pub(super) fn expression(&mut self, name: &'static str) -> Result<Option<String>, ParseError> {
        let path = self.path(name);
        self.take(name).map(|node| expression(node, &path)).transpose()
    }

    /// `null` and the empty string take a comment away.
    pub(super) fn comment(&mut self) -> Result<Option<String>, ParseError> {
        let is_there = self.has("comment");
        let comment = self.text("comment")?.unwrap_or_default();
        if comment.contains('\0') || comment.len() > COMMENT_BYTES_MAX {
            let message = format!("must have at most {COMMENT_BYTES_MAX} bytes, and no NUL");
            return Err(ParseError::new(self.path("comment"), message));
        }
        Ok(is_there.then(|| comment.to_owned()))
    }

    /// The members of an object, in their order.
    pub(super) fn members(&mut self, name: &'static str) -> Result<Option<&'a [(String, Node)]>, ParseError> {
        match self.take(name) {
            None => Ok(None),
            Some(Node::Object(members)) => Ok(Some(members)),
            Some(other) => {
                Err(ParseError::new(self.path(name), format!("must be an object, not {}", other.kind())))
            }
        }
    }

    pub(super) fn path(&self, name: &str) -> String {
        join(&self.path, name)
    }

    pub(super) fn path_in(&self, name: &str, member: &str) -> String {
        join(&self.path(name), member)
    }

    /// Nothing may be left over.
    pub(super) fn finish(&self) -> Result<(), ParseError> {
        match self.members.iter().find(|(key, _)| !self.asked.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                let meant = nearest(key, self.asked.iter().copied());
                let message = if meant.is_some() {
                    "is not known here".to_owned()
                } else {
                    format!("is not known here; known are: {}", self.asked.join(", "))
                };
                Err(ParseError::new(self.path(key), message).suggest(meant))
            }
        }
    }
}

/// A path and one more name; names that are no words are quoted.
pub(crate) fn join(path: &str, name: &str) -> String {
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    match (path, is_word) {
        ("", true) => name.to_owned(),
        (_, true) => format!("{path}.{name}"),
        (_, false) => {
            let shown: String = name.chars().take(80).collect();
            format!("{path}[{shown:?}]")
        }
    }
}

pub(super) fn check_name(name: &str, path: &str) -> Result<(), ParseError> {
    let wrong = if name.is_empty() {
        "a name must not be empty".to_owned()
    } else if name.len() > NAME_BYTES_MAX {
        format!("a name has at most {NAME_BYTES_MAX} bytes, this one has {}", name.len())
    } else if name.contains('\0') {
        "a name must not contain NUL".to_owned()
    } else {
        return Ok(());
    };
    Err(ParseError::new(path, wrong))
}

pub(super) fn text<'a>(node: &'a Node, path: &str) -> Result<&'a str, ParseError> {
    match node {
        Node::Text(text) => Ok(text),
        other => Err(ParseError::new(path, format!("must be a string, not {}", other.kind()))),
    }
}

pub(super) fn flag(node: &Node, path: &str) -> Result<bool, ParseError> {
    match node {
        Node::Bool(value) => Ok(*value),
        other => Err(ParseError::new(path, format!("must be true or false, not {}", other.kind()))),
    }
}

pub(super) fn texts(node: &Node, path: &str) -> Result<Vec<String>, ParseError> {
    let Node::List(nodes) = node else {
        return Err(ParseError::new(path, format!("must be an array of strings, not {}", node.kind())));
    };
    let each = nodes.iter().enumerate();
    each.map(|(place, node)| text(node, &format!("{path}[{place}]")).map(str::to_owned)).collect()
}

/// Names in their order, each once.
pub(super) fn names(node: &Node, path: &str) -> Result<Vec<String>, ParseError> {
    let names = texts(node, path)?;
    for (place, name) in names.iter().enumerate() {
        let at = format!("{path}[{place}]");
        check_name(name, &at)?;
        if names[..place].contains(name) {
            return Err(ParseError::new(at, format!("{name:?} comes twice")));
        }
    }
    Ok(names)
}

/// Text of SQL; numbers and booleans are taken for what they look like.
pub(super) fn expression(node: &Node, path: &str) -> Result<String, ParseError> {
    let text = match node {
        Node::Text(text) => text.trim().to_owned(),
        Node::Number(number) => number.to_string(),
        Node::Bool(value) => value.to_string(),
        other => {
            return Err(ParseError::new(
                path,
                format!("must be a string with an SQL expression, not {}", other.kind()),
            ));
        }
    };
    lexis::check_expression(&text).map_err(|wrong| ParseError::new(path, wrong))?;
    Ok(text)
}
