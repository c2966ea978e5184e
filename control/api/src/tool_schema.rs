//! `ToolSchema`: what a function takes or answers as a tool, as a JSON Schema of a bounded length.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Bytes of a schema's text.
pub const SCHEMA_BYTES_MAX: usize = 16 << 10;

/// A JSON Schema of a bounded length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ToolSchema(Map<String, Value>);

impl ToolSchema {
    /// One that the store kept; `None` where it cannot be read.
    pub fn parse(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// The schema.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// As the store keeps it.
    pub fn text(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for ToolSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let schema = Self(Map::deserialize(deserializer)?);
        let text = schema.text();
        if text.len() > SCHEMA_BYTES_MAX {
            return Err(D::Error::custom(format!("may have {SCHEMA_BYTES_MAX} bytes at most")));
        }
        if text.contains("\\u0000") {
            return Err(D::Error::custom("must not have NUL"));
        }
        Ok(schema)
    }
}

impl JsonSchema for ToolSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "ToolSchema".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}
