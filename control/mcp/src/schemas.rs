//! The JSON Schemas of tools, made of the route table's types.

use mayfly_api::openapi::without_null;
use mayfly_api::route::Route;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// A member of a request, as a tool's parameter.
pub(crate) struct ToolParameter {
    pub(crate) name: String,
    pub(crate) schema: Value,
    pub(crate) is_required: bool,
}

/// Members of a route's body; none where it takes none.
pub(crate) fn body_members(route: &Route) -> Vec<ToolParameter> {
    let mut generator = generator(SchemaSettings::draft2020_12().for_deserialize());
    (route.body)(&mut generator).map(|(schema, _)| members(&schema.to_value())).unwrap_or_default()
}

/// Members of a route's query.
pub(crate) fn query_members(route: &Route) -> Vec<ToolParameter> {
    let mut generator = generator(SchemaSettings::draft2020_12().for_deserialize());
    members(&(route.query)(&mut generator).to_value())
}

/// The members of one member of a route's body, such as `rollout`.
pub(crate) fn members_within(route: &Route, name: &str) -> Vec<ToolParameter> {
    let within = body_members(route).into_iter().find(|member| member.name == name);
    within.map(|member| members(&member.schema)).unwrap_or_default()
}

/// What a route answers.
pub(crate) fn answer(route: &Route) -> Value {
    let mut generator = generator(SchemaSettings::draft2020_12().for_serialize());
    let mut schema = (route.answer)(&mut generator).to_value();
    strip(&mut schema);
    schema
}

/// What a tool answers: one of these, or a problem.
pub(crate) fn output(mut answers: Vec<Value>) -> Map<String, Value> {
    answers.dedup();
    answers.push(json!({
        "description": "A failure, with `isError`.",
        "type": "object",
        "properties": {
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string" },
            "request_id": { "type": "string" },
            "invocation_id": { "type": "string" },
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string" },
                    "message": { "type": "string" },
                    "remediation": { "type": "string" },
                    "documentation_url": { "type": "string" },
                    "details": { "type": "object" },
                },
                "required": ["code", "message", "remediation", "documentation_url"],
            },
        },
        "required": ["code", "detail", "error"],
    }));
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("anyOf".to_owned(), answers.into());
    schema
}

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    settings
        .with(|settings| {
            settings.inline_subschemas = true;
            settings.meta_schema = None;
        })
        .into_generator()
}

fn members(schema: &Value) -> Vec<ToolParameter> {
    let required = schema["required"].as_array();
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let properties = schema["properties"].as_object();
    let members = properties.into_iter().flatten().map(|(name, schema)| {
        let description = schema.get("description").cloned();
        let mut schema = without_null(schema.clone());
        strip(&mut schema);
        strip_null(&mut schema);
        if let (Some(description), Some(members)) = (description, schema.as_object_mut()) {
            members.insert("description".to_owned(), description);
        }
        ToolParameter { name: name.clone(), schema, is_required: is_required(name) }
    });
    members.collect()
}

/// A choice that is not made is left out, at every level: no model need know that null would do, and some clients refuse it in
/// an enum. Elsewhere null may say something, such as that a variable is to go.
fn strip_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(strip_null);
            members.retain(|name, member| name != "default" || !member.is_null());
            let Some(Value::Array(choices)) = members.get_mut("enum") else { return };
            choices.retain(|choice| !choice.is_null());
            if let Some(Value::Array(kinds)) = members.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    members.insert("type".to_owned(), only);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(strip_null),
        _ => {}
    }
}

/// Formats such as `uint32` are no standard ones, and titles are noise.
fn strip(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if members.get("format").is_some_and(Value::is_string) {
                members.remove("format");
            }
            if members.get("title").is_some_and(Value::is_string) {
                members.remove("title");
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}
