//! JSON Schemas of tools: tenants write them, so that what one may cost is bounded before anything is checked by it.

use jsonschema::{PatternOptions, Validator};
use mayfly_api::error::{ApiError, ApiResult};
use serde_json::{Map, Value};

/// Bytes that a compiled expression may take.
const PATTERN_BYTES_MAX: usize = 1 << 18;
/// Values within a schema, once its references stand for themselves.
const NODES_MAX: usize = 5_000;
/// How deep references may lead.
const DEPTH_MAX: usize = 32;
/// Values within a schema, times values within what is checked by it.
const WORK_MAX: usize = 20_000_000;
/// Keywords by which a schema refers to another one, or names itself for others.
const REFERRING: [&str; 6] =
    ["$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$id", "$anchor"];

/// A schema that can check.
#[derive(Debug)]
pub struct CompiledSchema {
    validator: Validator,
    nodes: usize,
    /// The schema, with what it refers to in the places of the references.
    expanded: Value,
}

impl CompiledSchema {
    /// Read a schema; `place` is where it stands.
    ///
    /// # Errors
    /// `VALIDATION_INVALID_SCHEMA` with the place.
    pub fn compile(place: &str, schema: &Map<String, Value>) -> ApiResult<Self> {
        let wrong = |message: String| ApiError::invalid(place, message);
        let root = Value::Object(schema.clone());
        let mut nodes = 0;
        let expanded = expanded(&root, &root, 0, &mut nodes).map_err(wrong)?;
        // An engine that does not backtrack: no text makes it slow.
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES_MAX);
        let options = jsonschema::options().with_pattern_options(patterns);
        let validator = options.build(&expanded).map_err(|error| ApiError::invalid(place, error))?;
        Ok(Self { validator, nodes, expanded })
    }

    /// The schema without references.
    pub fn expanded(&self) -> &Value {
        &self.expanded
    }

    /// Check a value: where the first mistake is, as a JSON pointer, and what it is.
    ///
    /// # Errors
    /// The first mistake.
    pub fn check(&self, value: &Value) -> Result<(), (String, String)> {
        if self.nodes.saturating_mul(count(value)) > WORK_MAX {
            return Err((String::new(), "is too large to be checked by its schema".to_owned()));
        }
        match self.validator.iter_errors(value).next() {
            None => Ok(()),
            Some(error) => {
                let message = error.masked().to_string();
                Err((error.instance_path().to_string(), message.chars().take(500).collect()))
            }
        }
    }
}

/// Values within a value, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// A schema with its references resolved. One that refers to itself has no end, and is refused.
fn expanded(root: &Value, value: &Value, depth: usize, nodes: &mut usize) -> Result<Value, String> {
    *nodes += 1;
    if *nodes > NODES_MAX {
        return Err(format!("has more than {NODES_MAX} values, its references included"));
    }
    if depth > DEPTH_MAX {
        return Err(format!("is nested deeper than {DEPTH_MAX}, or refers to itself"));
    }
    match value {
        Value::Array(items) => {
            let items = items.iter().map(|item| expanded(root, item, depth + 1, nodes));
            Ok(Value::Array(items.collect::<Result<_, _>>()?))
        }
        Value::Object(members) => {
            if let Some(keyword) = REFERRING.iter().find(|keyword| members.contains_key(**keyword)) {
                return Err(format!("has {keyword}, which tools' schemas must not have"));
            }
            let mut made = Map::new();
            if let Some(reference) = members.get("$ref") {
                let target = reference.as_str().and_then(|text| text.strip_prefix('#'));
                let target =
                    target.filter(|path| path.starts_with("/$defs/") || path.starts_with("/definitions/"));
                let target = target.and_then(|path| root.pointer(path));
                let target =
                    target.ok_or_else(|| format!("refers to {reference}, which is none of its own $defs"))?;
                match expanded(root, target, depth + 1, nodes)? {
                    Value::Object(of_target) => made = of_target,
                    other => return Ok(other),
                }
            }
            for (name, member) in members {
                if name == "$ref" || (depth == 0 && (name == "$defs" || name == "definitions")) {
                    continue;
                }
                made.insert(name.clone(), expanded(root, member, depth + 1, nodes)?);
            }
            Ok(Value::Object(made))
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compile(schema: Value) -> ApiResult<CompiledSchema> {
        CompiledSchema::compile("agent_tool_input", schema.as_object().unwrap())
    }

    #[test]
    fn a_value_is_checked_and_the_place_of_a_mistake_named() {
        let schema = compile(json!({ "type": "object", "required": ["id"],
            "properties": { "id": { "$ref": "#/$defs/id" } }, "$defs": { "id": { "type": "integer", "minimum": 1 } } }));
        let schema = schema.unwrap();
        assert_eq!(schema.check(&json!({ "id": 1 })), Ok(()));
        let (place, message) = schema.check(&json!({ "id": "secret" })).unwrap_err();
        assert_eq!(place, "/id");
        assert!(message.contains("integer") && !message.contains("secret"), "{message}");
        assert!(schema.check(&json!({})).is_err());
        assert!(
            schema.expanded()["properties"]["id"]["minimum"] == 1 && schema.expanded()["$defs"].is_null()
        );
    }

    #[test]
    fn what_has_no_end_or_leads_elsewhere_is_refused() {
        let mut deep = json!({});
        for _ in 0..60 {
            deep = json!({ "not": deep });
        }
        for schema in [
            json!({ "$ref": "#" }),
            json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
            json!({ "$ref": "https://a.example/schema.json" }),
            json!({ "$ref": "#/$defs/none" }),
            json!({ "$id": "https://a.example/", "type": "object" }),
            json!({ "$dynamicRef": "#a" }),
            json!({ "type": "nonsense" }),
            json!({ "pattern": "(" }),
            json!({ "pattern": "(a{500}){500}" }),
            json!({ "allOf": vec![json!({ "type": "object" }); 5_000] }),
            deep,
        ] {
            let error = compile(schema.clone()).unwrap_err();
            assert!(error.message().starts_with("agent_tool_input"), "{schema}: {}", error.message());
        }
        // Each of thirty names means the next one twice.
        let mut doubling = Map::new();
        for n in 0..30 {
            let next = format!("#/$defs/d{}", n + 1);
            doubling.insert(format!("d{n}"), json!({ "allOf": [{ "$ref": next }, { "$ref": next }] }));
        }
        doubling.insert("d30".into(), json!({}));
        assert!(compile(json!({ "$ref": "#/$defs/d0", "$defs": doubling })).is_err());
    }

    #[test]
    fn what_would_take_too_long_to_check_is_not_checked() {
        let schema =
            compile(json!({ "items": { "anyOf": vec![json!({ "type": "string" }); 400] } })).unwrap();
        assert!(schema.check(&json!(vec![1; 100_000])).unwrap_err().1.contains("too large"));
    }
}
