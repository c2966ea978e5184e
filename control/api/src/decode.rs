//! Decodes requests: JSON bodies and query strings into typed values, with errors that name the path and what was meant.

mod apart;
mod values;

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::error::{ApiError, ApiResult, Code};
use crate::value::Object;

pub use apart::apart;
pub use values::{VALUES_MAX, has_few_values};

/// Names that are this many edits from a known one are answered with a suggestion.
const SUGGESTION_EDITS_MAX: usize = 3;

/// The body of a request as `T`. Its content type does not matter: nothing else would be understood here.
///
/// # Errors
/// `VALIDATION_INVALID_SCHEMA` with the JSON path of the first mistake.
pub fn body<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    if bytes.is_empty() {
        return Err(ApiError::invalid("", "the body is empty, a JSON object is expected"));
    }
    check_values(bytes)?;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Object(decoded) = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().clone();
        let error = error.into_inner();
        if error.is_data() {
            return explain("", &path, &error, Kind::Field);
        }
        let place = format!("line {} column {}", error.line(), error.column());
        ApiError::invalid("", format!("the body is not valid JSON at {place}")).because(error)
    })?;
    json.end().map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        ApiError::invalid("", format!("the body is not valid JSON at {place}")).because(error)
    })?;
    Ok(decoded)
}

/// Refuses a body of more JSON values than may be read into memory.
///
/// # Errors
/// `PAYLOAD_TOO_LARGE`.
pub fn check_values(bytes: &[u8]) -> ApiResult<()> {
    if has_few_values(bytes) {
        return Ok(());
    }
    let text = format!("the body may have {VALUES_MAX} JSON values at most");
    Err(ApiError::new(Code::PayloadTooLarge, text))
}

/// A value that is part of a body, at `path` within it.
///
/// # Errors
/// As [`body`].
pub fn value<T: DeserializeOwned>(value: Value, path: &str) -> ApiResult<T> {
    serde_path_to_error::deserialize(value)
        .map(|Object(decoded)| decoded)
        .map_err(|error| explain(path, error.path(), error.inner(), Kind::Field))
}

/// A query string as `T`. Of a parameter that is there twice the last one counts.
///
/// # Errors
/// `VALIDATION_INVALID_SCHEMA` with the name of the first parameter that is wrong.
pub fn query<T: DeserializeOwned>(query: &str) -> ApiResult<T> {
    let mut pairs: Vec<(Cow<'_, str>, Parameter<'_>)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        match pairs.iter_mut().find(|(known, _)| *known == name) {
            Some((_, before)) => *before = Parameter(value),
            None => pairs.push((name, Parameter(value))),
        }
    }
    let map = MapDeserializer::new(pairs.into_iter());
    serde_path_to_error::deserialize(map).map_err(
        |error: serde_path_to_error::Error<serde::de::value::Error>| {
            explain("", error.path(), error.inner(), Kind::Parameter)
        },
    )
}

/// What the members of the request are called.
#[derive(Clone, Copy)]
enum Kind {
    Field,
    Parameter,
}

/// A parameter's text, which is a number or a flag where one is expected.
struct Parameter<'a>(Cow<'a, str>);

impl<'de> IntoDeserializer<'de, serde::de::value::Error> for Parameter<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(&self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.0.parse::<u64>() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => visitor.visit_str(&self.0),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &*self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => visitor.visit_str(&self.0),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Serde's message in the words of the API.
fn explain(base: &str, path: &Path, error: &dyn std::fmt::Display, kind: Kind) -> ApiError {
    let text = error.to_string();
    let text = without_position(&text);
    let mut place = join(base, path);
    if let Some(name) = quoted(text, "missing field `") {
        return ApiError::invalid(&below(&parent_or(&place, base, path, name), name), "is required");
    }
    if let Some(name) = quoted(text, "unknown field `") {
        let parent = parent_or(&place, base, path, name);
        let what = match kind {
            Kind::Field => "is not a known field",
            Kind::Parameter => "is not a known parameter",
        };
        let known: Vec<&str> = text.split('`').skip(3).step_by(2).collect();
        let place = below(&parent, name);
        return match closest(name, &known) {
            Some(meant) => ApiError::invalid(&place, format!("{what}; did you mean `{meant}`?"))
                .with_details(serde_json::json!({ "path": place, "suggestion": below(&parent, meant) })),
            None => ApiError::invalid(&place, what),
        };
    }
    if let Some(name) = quoted(text, "duplicate field `") {
        place = below(&parent_or(&place, base, path, name), name);
        return ApiError::invalid(&place, "is there twice");
    }
    ApiError::invalid(&place, plain(text))
}

/// `invalid type: integer `1`, expected a string` and the like, as a sentence.
fn plain(text: &str) -> String {
    let Some((found, expected)) = text
        .strip_prefix("invalid type: ")
        .or_else(|| text.strip_prefix("invalid value: "))
        .and_then(|rest| rest.rsplit_once(", expected "))
    else {
        return text.to_owned();
    };
    if expected.starts_with("a whole number") {
        return format!("must be {expected}");
    }
    let found = match found.split([' ', '`']).next().unwrap_or_default() {
        "null" | "unit" | "Option" => return "is required".to_owned(),
        "boolean" => "a boolean",
        "integer" | "floating" => "a number",
        "string" | "character" => "a string",
        "sequence" => "a list",
        "map" => "an object",
        _ => "something else",
    };
    let expected = match expected {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    format!("expected {expected}, found {found}")
}

/// serde_json says where in the text; the path says it better.
fn without_position(text: &str) -> &str {
    text.rfind(" at line ").map_or(text, |at| &text[..at])
}

fn quoted<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.strip_prefix(prefix)?.split('`').next()
}

/// The path as callers write it: `triggers[0].config.auth`.
fn join(base: &str, path: &Path) -> String {
    let mut text = base.to_owned();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                let _ = write!(text, "[{index}]");
            }
            Segment::Map { key } => text = below(&text, key),
            Segment::Enum { variant } => text = below(&text, variant),
            Segment::Unknown => {}
        }
    }
    text
}

fn below(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") }
}

/// The object that lacks or has the member: an error about a member may be placed at the member itself.
fn parent_or(place: &str, base: &str, path: &Path, name: &str) -> String {
    match path.iter().next_back() {
        Some(Segment::Map { key }) if key == name && place.len() > base.len() => {
            place.strip_suffix(name).map_or("", |parent| parent.trim_end_matches('.')).to_owned()
        }
        _ => place.to_owned(),
    }
}

/// The known name that was probably meant.
fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |text: &str| text.replace('_', "").to_lowercase();
    let name = plain(name);
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name, &plain(known)), *known))
        .filter(|(edits, known)| *edits <= SUGGESTION_EDITS_MAX.min(known.len() / 2))
        .min()
        .map(|(_, known)| known)
}

/// An object without members, for routes that take no query or an empty body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Nothing {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{List, Number, Text};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read for its errors")]
    struct Settings {
        #[serde(default)]
        text: Option<Text<1, 3>>,
        #[serde(default)]
        flag: Option<bool>,
        #[serde(default)]
        number: Option<Number<1, 10>>,
        #[serde(default)]
        list: Option<List<Text<1, 9>, 0, 1>>,
        #[serde(default)]
        inner: Option<Object<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "read for its errors")]
    struct Inner {
        name: Text<1, 9>,
        #[serde(default)]
        time_out: Option<bool>,
    }

    #[test]
    fn every_mistake_names_its_path() {
        let read = |sent: &Value| body::<Settings>(sent.to_string().as_bytes());
        assert!(
            read(&json!({"text":"abc","flag":true,"number":10,"list":["a"],"inner":{"name":"x"}})).is_ok()
        );
        assert!(read(&json!({"text":null,"inner":null})).is_ok());
        for (sent, expected) in [
            (json!([]), "expected an object"),
            (json!({"text":""}), "text: must have 1 to 3"),
            (json!({"text":"abcd"}), "text: must have 1 to 3 characters, has 4"),
            (json!({"text":"a\0"}), "text: must not contain NUL"),
            (json!({"text":1}), "text: expected a string, found a number"),
            (json!({"flag":"yes"}), "flag: expected true or false, found a string"),
            (json!({"number":0}), "number: must be a whole number from 1 to 10"),
            (json!({"number":-1}), "number: must be a whole number from 1 to 10"),
            (json!({"number":1.5}), "number: must be a whole number"),
            (json!({"number":"1"}), "number: must be a whole number"),
            (json!({"number":99999999999u64}), "number: must be"),
            (json!({"list":["a","b"]}), "list: may have 1"),
            (json!({"list":["a b c d e f"]}), "list[0]: must have 1 to 9"),
            (json!({"list":"a"}), "list: expected a list, found a string"),
            (json!({"inner":[]}), "inner: expected an object"),
            (json!({"inner":{}}), "inner.name: is required"),
            (json!({"inner":{"name":null}}), "inner.name: is required"),
            (
                json!({"inner":{"name":"x","timeout":true}}),
                "inner.timeout: is not a known field; did you mean `time_out`?",
            ),
            (json!({"extra":1}), "extra: is not a known field"),
        ] {
            let error = read(&sent).unwrap_err();
            assert!(error.message().starts_with(expected), "{sent}: {}", error.message());
            let path = error.details().unwrap()["path"].as_str().unwrap().to_owned();
            assert!(expected.starts_with(&path), "{sent}: {path}");
        }
        for (text, expected) in [
            ("", "the body is empty"),
            ("{", "the body is not valid JSON at line 1 column 1"),
            ("{} {}", "the body is not valid JSON at line 1 column 4"),
            (r#"{"flag":true,"flag":false}"#, "flag: is there twice"),
        ] {
            let error = body::<Settings>(text.as_bytes()).unwrap_err();
            assert!(error.message().starts_with(expected), "{text}: {}", error.message());
        }
    }

    #[test]
    fn a_value_within_a_body_is_named_from_its_beginning() {
        let error = value::<Inner>(json!({"name": 1}), "triggers[0].config").unwrap_err();
        assert_eq!(error.message(), "triggers[0].config.name: expected a string, found a number");
        let error = value::<Inner>(json!(1), "triggers[0].config").unwrap_err();
        assert_eq!(error.message(), "triggers[0].config: expected an object, found a number");
    }

    #[test]
    fn parameters_are_read_as_what_they_are_expected_to_be() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Page {
            #[serde(default)]
            limit: Option<Number<1, 10>>,
            #[serde(default)]
            all: Option<bool>,
            #[serde(default)]
            name: Option<Text<0, 3>>,
        }
        let page: Page = query("limit=3&limit=5&all=true&name=a%20b").unwrap();
        assert_eq!((page.limit.unwrap().get(), page.all, &*page.name.unwrap()), (5, Some(true), "a b"));
        for (text, expected) in [
            ("limit=0", "limit: must be a whole number from 1 to 10"),
            ("limit=x", "limit: must be a whole number"),
            ("limit=", "limit: must be a whole number"),
            ("all=1", "all: expected true or false"),
            ("name=abcd", "name: must have 0 to 3"),
            ("page=2", "page: is not a known parameter"),
        ] {
            let error = query::<Page>(text).unwrap_err();
            assert!(error.message().starts_with(expected), "{text}: {}", error.message());
        }
    }
}
