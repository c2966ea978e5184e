//! The OpenAPI 3.1 document, made of the route table.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::access::Requirement;
use crate::error::Code;
use crate::route::Route;
use crate::routes::{ROUTES, RouteId};

/// The document as pretty-printed JSON.
pub fn text() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| format!("{:#}\n", document()))
}

/// The document.
pub fn document() -> Value {
    let mut requests = generator(SchemaSettings::draft2020_12().for_deserialize());
    let mut answers = generator(SchemaSettings::draft2020_12().for_serialize());
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in ROUTES {
        let path = route.path.trim_end_matches("[/*]");
        let operation = operation(route, &mut requests, &mut answers);
        match &route.method {
            Some(method) => {
                paths.entry(path).or_default().insert(method.as_str().to_lowercase(), operation);
            }
            None => {
                for method in ["get", "put", "post", "delete", "options", "head", "patch", "trace"] {
                    let mut operation = operation.clone();
                    operation["operationId"] = format!("{}_{method}", route.name).into();
                    paths.entry(path).or_default().insert(method.to_owned(), operation);
                }
            }
        }
    }
    let mut schemas = answers.take_definitions(true);
    for (name, schema) in requests.take_definitions(true) {
        let known = schemas.insert(name.clone(), schema.clone());
        debug_assert!(known.is_none_or(|known| known == schema), "{name} is two schemas");
    }
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mayfly",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Runs JavaScript and TypeScript functions, each invocation in a fresh WebAssembly sandbox.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "key": {
                    "type": "http", "scheme": "bearer",
                    "description": "The operator's key, a service key or an anon key of an app, or an end user's token.",
                },
            },
        },
    })
}

/// What a function takes and answers.
const ANY_MEDIA: &str = "*/*";

fn generator(settings: SchemaSettings) -> SchemaGenerator {
    settings
        .with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        })
        .into_generator()
}

fn operation(route: &Route, requests: &mut SchemaGenerator, answers: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.resource],
        "responses": responses(route, answers),
    });
    let mut parameters = path_parameters(route.path);
    parameters.extend(query_parameters(route, requests));
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some((schema, required)) = (route.body)(requests) {
        operation["requestBody"] =
            json!({ "required": required, "content": { "application/json": { "schema": schema } } });
    }
    if route.media_type == ANY_MEDIA {
        operation["requestBody"] = json!({ "required": false, "content": { "*/*": {} } });
    }
    operation["security"] = match route.requirement {
        Requirement::Open => json!([]),
        Requirement::Admin | Requirement::App(_) | Requirement::Key | Requirement::Agent => {
            json!([{ "key": [] }])
        }
        // A client's credential is looked at once the socket is open, and may stand elsewhere.
        Requirement::Function | Requirement::Client => json!([{}, { "key": [] }]),
    };
    if let Requirement::App(scope) = route.requirement {
        operation["x-scope"] = scope.as_str().into();
    }
    if let Some((tool, action)) = route.tool {
        operation["x-mcp-tool"] = json!({ "tool": tool, "action": action });
    }
    operation
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| part.split_once('{')?.1.split_once('}'));
    names
        .map(|(name, _)| {
            let (pattern, description) = match name {
                "app" => ("^app_[0-9a-z]{12}$", "The app's id."),
                "name" => ("^[A-Za-z0-9_-]{1,100}$", "The function's name."),
                "key" => ("^key_[0-9A-Za-z_-]{1,60}$", "The key's id."),
                "kid" => ("^[^/\\u0000]+$", "The signing key's id."),
                "code" => ("^[A-Z_]+$", "The error code."),
                "delivery" => ("^[^/\\u0000]+$", "The delivery's id."),
                "bucket" => ("^[a-z0-9.-]{3,63}$", "The bucket's name."),
                "access_key" => ("^[^/\\u0000]+$", "The access key id."),
                "upload" => ("^[^/\\u0000]+$", "The upload event's id."),
                "approval" => ("^[^/\\u0000]+$", "The approval's id."),
                "invocation" => ("^[^/\\u0000]+$", "The invocation's id."),
                "job" => ("^job_[0-9]+$", "The job's id."),
                "table" => ("^[^/\\u0000]+$", "The table."),
                _ => ("^[^/\\u0000]+$", "The policy."),
            };
            json!({
                "name": name, "in": "path", "required": true, "description": description,
                "schema": { "type": "string", "pattern": pattern },
            })
        })
        .collect()
}

/// Each member of the query's schema.
fn query_parameters(route: &Route, requests: &mut SchemaGenerator) -> Vec<Value> {
    let schema = (route.query)(requests).to_value();
    // The schema is a reference to a definition: its members are wanted here.
    let definition = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    let schema = match definition {
        Some(name) => requests.definitions_mut().remove(&name).unwrap_or_default(),
        None => schema,
    };
    let Some(members) = schema["properties"].as_object() else { return Vec::new() };
    members
        .iter()
        .map(|(name, member)| {
            let mut member = member.clone();
            let description = member.as_object_mut().and_then(|member| member.remove("description"));
            json!({ "name": name, "in": "query", "required": false, "description": description,
                "schema": without_null(member) })
        })
        .collect()
}

/// The schema of a member that is there, and so has a value.
pub fn without_null(mut schema: Value) -> Value {
    if schema.get("default").is_some_and(Value::is_null) {
        schema.as_object_mut().map(|schema| schema.remove("default"));
    }
    if let Some(kinds) = schema["type"].as_array() {
        schema["type"] = kinds.iter().find(|kind| *kind != "null").cloned().unwrap_or_default();
    } else if schema.get("type").is_some_and(Value::is_null) {
        schema.as_object_mut().map(|schema| schema.remove("type"));
    }
    let kinds = schema["anyOf"]
        .as_array()
        .map(|kinds| kinds.iter().filter(|kind| kind["type"] != "null").cloned().collect::<Vec<_>>());
    match kinds {
        Some(kinds) => kinds.into_iter().next().unwrap_or_default(),
        None => {
            schema.as_object_mut().map(|schema| schema.remove("anyOf"));
            schema
        }
    }
}

fn responses(route: &Route, answers: &mut SchemaGenerator) -> Value {
    let schema = (route.answer)(answers);
    let content = match route.media_type {
        ANY_MEDIA => json!({ "*/*": {} }),
        media_type => json!({ media_type: { "schema": schema } }),
    };
    let success = json!({ "description": "Success.", "content": content });
    let mut responses = Map::new();
    if route.media_type == ANY_MEDIA {
        // A function answers with whatever status it likes.
        responses.insert(
            "default".to_owned(),
            json!({ "description": "The function's own response, or an error." }),
        );
    }
    responses.insert(route.status.as_str().to_owned(), success.clone());
    if is(route, RouteId::Ready) {
        responses.insert("503".to_owned(), success);
    }
    for (status, codes) in errors(route) {
        if is(route, RouteId::Ready) && status == 503 {
            continue;
        }
        let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
        responses.insert(
            status.to_string(),
            json!({
                "description": names.join(", "),
                "content": problem_content(route),
            }),
        );
    }
    responses.into()
}

/// An error as the route tells it: clients of S3 expect S3's.
fn problem_content(route: &Route) -> Value {
    let mut content =
        json!({ "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } });
    if is(route, RouteId::S3) {
        content["application/xml"] = json!({ "schema": { "type": "string" } });
    }
    content
}

fn is(route: &Route, id: RouteId) -> bool {
    std::ptr::eq(route, id.route())
}

/// The codes of a route's errors, by status: its own, and those that follow from its row.
pub fn errors(route: &Route) -> BTreeMap<u16, Vec<Code>> {
    let mut codes = route.errors.to_vec();
    codes.extend([
        Code::ValidationInvalidSchema,
        Code::Overloaded,
        Code::InternalError,
        Code::MethodNotAllowed,
    ]);
    codes.extend([Code::RequestTimeout, Code::PayloadTooLarge, Code::TransferCodingUnsupported]);
    match route.requirement {
        Requirement::Open | Requirement::Client => {}
        Requirement::Admin | Requirement::App(_) | Requirement::Key | Requirement::Agent => {
            codes.extend([Code::AuthRequired, Code::AuthInvalidToken, Code::AuthInvalidApiKey]);
            codes.extend([Code::AuthForbidden, Code::SubsystemUnavailable]);
        }
        Requirement::Function => {
            codes.extend([Code::AuthRequired, Code::AuthForbidden, Code::SubsystemUnavailable]);
        }
    }
    if route.path.contains("{app}") {
        codes.extend([Code::ResourceNotFound, Code::SubsystemUnavailable, Code::StatePrerequisiteMissing]);
    }
    // Where a policy binds routes.
    if route.tool.is_some() {
        codes.extend([Code::PolicyDenied, Code::PolicyRateLimit]);
        // Its status is that of some answers.
        if route.status != Code::ApprovalRequired.status() {
            codes.push(Code::ApprovalRequired);
        }
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let of_status = by_status.entry(code.status().as_u16()).or_default();
        if !of_status.contains(&code) {
            of_status.push(code);
        }
    }
    by_status
}

fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "type": "object",
        "description": "An error: RFC 9457, and the same in `error`.",
        "properties": {
            "type": { "type": "string", "description": "The page about the code." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "enum": codes },
            "request_id": { "type": "string" },
            "invocation_id": { "type": "string" },
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string", "enum": codes },
                    "message": { "type": "string" },
                    "remediation": { "type": "string" },
                    "documentation_url": { "type": "string" },
                    "details": { "type": "object" },
                },
                "required": ["code", "message", "remediation", "documentation_url"],
            },
        },
        "required": ["type", "title", "status", "detail", "code", "request_id", "error"],
    })
}

/// Compare a committed file with what is made now. `UPDATE_GENERATED=1 cargo test -p mayfly-api` writes it.
#[cfg(test)]
pub(crate) fn check_generated(file: &str, expected: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, expected).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == expected,
        "{file} is not what the route table makes: run the tests with UPDATE_GENERATED=1"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_this_one() {
        check_generated("docs/openapi.json", text());
    }

    #[test]
    fn no_schema_is_named_by_a_number() {
        let document = document();
        // The generator numbers the second of two types that have one name.
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(!name.ends_with(|c: char| c.is_ascii_digit()), "{name}");
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for part in text().split("\"$ref\": \"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }
}
