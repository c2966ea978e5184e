//! Texts of a bounded length, and texts that match a rule.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// A text of `MIN..=MAX` characters, without NUL, which PostgreSQL does not store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// A text of at least one character and at most `MAX` bytes of UTF-8, without NUL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bytes<const MAX: usize>(String);

/// As a regular expression, for the document.
const WITHOUT_NUL: &str = "^[^\\u0000]*$";

/// What a text has to look like.
pub trait Rule: 'static {
    /// The name of the schema.
    const NAME: &'static str;
    /// As a regular expression, for the document.
    const REGEX: &'static str;
    /// What is said of a text that does not match.
    const MESSAGE: &'static str;
    /// Whether a text matches.
    fn matches(text: &str) -> bool;
}

/// A text that matches the rule `R`.
pub struct Pattern<R>(String, PhantomData<fn() -> R>);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MAX: usize> Bytes<MAX> {
    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<R> Pattern<R> {
    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Deref for Bytes<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<R> Deref for Pattern<R> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> From<&str> for Text<MIN, MAX> {
    /// For clients: the server checks the bound.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<const MAX: usize> From<&str> for Bytes<MAX> {
    /// For clients: the server checks the bound.
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl<R> From<&str> for Pattern<R> {
    /// For clients: the server checks the rule.
    fn from(text: &str) -> Self {
        Self(text.to_owned(), PhantomData)
    }
}

impl<R> Clone for Pattern<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<R> fmt::Debug for Pattern<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<R> PartialEq for Pattern<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R> Eq for Pattern<R> {}

impl<R> PartialOrd for Pattern<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<R> Ord for Pattern<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

struct OwnedText;

impl Visitor<'_> for OwnedText {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_string(OwnedText)?;
        // Counted only where bytes do not decide.
        let length = if text.len() < MIN { text.len() } else { text.chars().count() };
        if !(MIN..=MAX).contains(&length) {
            return Err(D::Error::custom(format!("must have {MIN} to {MAX} characters, has {length}")));
        }
        without_nul(text).map(Self)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Bytes<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_string(OwnedText)?;
        if text.is_empty() || text.len() > MAX {
            let length = text.len();
            return Err(D::Error::custom(format!("must have 1 to {MAX} bytes, has {length}")));
        }
        without_nul(text).map(Self)
    }
}

fn without_nul<E: Error>(text: String) -> Result<String, E> {
    if text.contains('\0') { Err(E::custom("must not contain NUL")) } else { Ok(text) }
}

impl<'de, R: Rule> Deserialize<'de> for Pattern<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_string(OwnedText)?;
        if R::matches(&text) { Ok(Self(text, PhantomData)) } else { Err(D::Error::custom(R::MESSAGE)) }
    }
}

impl<const MIN: usize, const MAX: usize> Serialize for Text<MIN, MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<const MAX: usize> Serialize for Bytes<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<R> Serialize for Pattern<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<const MIN: usize, const MAX: usize> JsonSchema for Text<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX, "pattern": WITHOUT_NUL })
    }
}

impl<const MAX: usize> JsonSchema for Bytes<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("BytesTo{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string", "minLength": 1, "maxLength": MAX, "pattern": WITHOUT_NUL,
            "description": format!("At most {MAX} bytes of UTF-8, without NUL."),
        })
    }
}

impl<R: Rule> JsonSchema for Pattern<R> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        R::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": R::REGEX })
    }
}
