//! The tools from both sides: each row of the route table with a tool is an action, and each action is such a row.

use std::collections::BTreeSet;

use mayfly_api::error::Code;
use mayfly_api::routes::RouteId;
use serde_json::json;

use super::*;

const APP: &str = "app_0123456789ab";

fn asked(name: &str, arguments: Value) -> ApiResult<(String, Value)> {
    let Value::Object(members) = arguments else { panic!("an object") };
    let request = request(find(name)?, Arguments { members, schema: None })?;
    let body = request.body.map_or(Value::Null, |body| serde_json::from_slice(&body).unwrap());
    Ok((format!("{} {}", request.method, request.path), body))
}

#[test]
fn every_row_with_a_tool_is_an_action() {
    let rows: BTreeSet<(&str, &str)> = RouteId::ALL.iter().filter_map(|id| id.route().tool).collect();
    let actions: BTreeSet<(&str, &str)> = definitions()
        .iter()
        .flat_map(|tool| tool.actions.iter().map(|action| (tool.name, action.name)))
        .collect();
    for row in &rows {
        assert!(actions.contains(row), "{row:?} is no action");
    }
    for tool in definitions() {
        for action in tool.actions {
            let row = action.route.route().tool.map(|(tool, _)| tool);
            assert_eq!(row, Some(tool.name), "{} {}", tool.name, action.name);
        }
    }
}

#[test]
fn the_parameters_are_those_of_the_first_tools() {
    let listed = listed();
    let tool = |name: &str| listed.iter().find(|tool| tool.name == name).unwrap();
    let deploy = &tool("deploy_function").input_schema;
    for name in [
        "code",
        "name",
        "app_id",
        "envVars",
        "trigger",
        "triggers",
        "timeoutMs",
        "agent_tool",
        "description",
        "memoryLimitMb",
        "agent_tool_mode",
        "agent_tool_exposed_to",
        "agent_tool_description",
        "allow_service_key_impersonation",
    ] {
        assert!(deploy["properties"][name]["description"].is_string(), "{name}");
    }
    let required: BTreeSet<&str> =
        deploy["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(required, BTreeSet::from(["app_id", "code", "name"]));
    assert_eq!(deploy["properties"]["agent_tool_description"]["maxLength"], 500);
    assert_eq!(deploy["properties"]["triggers"]["minItems"], 1);
    let schema = &tool("manage_schema").input_schema;
    assert_eq!(schema["required"], json!(["app_id", "action"]));
    assert_eq!(
        schema["properties"]["action"]["enum"],
        json!(["get", "apply", "dry_run", "list_migrations", "rollback"])
    );
    let invoke: Vec<&String> =
        tool("invoke_function").input_schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(invoke, ["app_id", "body", "function_name", "headers", "method", "path"]);
}

/// Whether a schema has null as a choice, or as what is meant otherwise.
fn has_null(schema: &Value) -> bool {
    match schema {
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => {
            let choices = members.get("enum").and_then(Value::as_array);
            choices.is_some_and(|choices| choices.contains(&Value::Null))
                || members.get("default").is_some_and(Value::is_null)
                || members.values().any(has_null)
        }
        _ => false,
    }
}

#[test]
fn every_schema_is_closed_and_described() {
    for tool in listed() {
        assert_eq!(tool.input_schema["additionalProperties"], false, "{}", tool.name);
        assert!(!has_null(&Value::Object((*tool.input_schema).clone())), "{}", tool.name);
        for (name, schema) in tool.input_schema["properties"].as_object().unwrap() {
            assert!(schema["description"].is_string(), "{} {name}: {schema}", tool.name);
        }
        let output = serde_json::to_string(tool.output_schema.as_ref().unwrap()).unwrap();
        assert!(!output.contains("$ref"), "{}", tool.name);
        assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object");
        assert!(tool.annotations.as_ref().unwrap().read_only_hint.is_some());
    }
}

#[test]
fn arguments_go_where_the_route_has_them() {
    let (asked_for, body) =
        asked("deploy_function", json!({ "app_id": APP, "name": "a", "code": "x", "timeoutMs": null }))
            .unwrap();
    assert_eq!(asked_for, format!("POST /v1/{APP}/functions"));
    assert_eq!(body, json!({ "name": "a", "code": "x" }));
    let call =
        json!({ "app_id": APP, "action": "get_logs", "function_name": "a", "limit": 5, "level": "error" });
    let (asked_for, body) = asked("manage_function", call).unwrap();
    assert_eq!(asked_for, format!("GET /v1/{APP}/functions/a/logs?level=error&limit=5"));
    assert_eq!(body, Value::Null);
    let call = json!({ "app_id": APP, "action": "update_env", "function_name": "a", "env": { "K": "v" } });
    assert_eq!(asked("manage_function", call).unwrap().1, json!({ "envVars": { "K": "v" } }));
    let call = json!({ "app_id": APP, "action": "rollout", "function_name": "a", "percent": 10 });
    assert_eq!(asked("manage_function", call).unwrap().1, json!({ "rollout": { "percent": 10 } }));
    let call = json!({ "app_id": APP, "action": "dry_run", "schema": { "tables": {} } });
    assert_eq!(
        asked("manage_schema", call).unwrap().1,
        json!({ "schema": { "tables": {} }, "dry_run": true })
    );
    let call = json!({ "app_id": APP, "invocation_id": "inv_1/../x" });
    let (asked_for, _) = asked("explain_failure", call).unwrap();
    assert_eq!(
        asked_for,
        format!("GET /v1/{APP}/invocations/inv%5F1%2F%2E%2E%2Fx/explain").replace("%5F", "_")
    );
}

#[test]
fn what_is_wrong_is_named() {
    for (tool, arguments, message) in [
        ("deploy_function", json!({}), "app_id: is required"),
        ("deploy_function", json!({ "app_id": 5 }), "app_id: must be a string"),
        (
            "deploy_function",
            json!({ "app_id": APP, "nmae": "x" }),
            "nmae: is not a parameter; did you mean `name`?",
        ),
        ("manage_schema", json!({ "app_id": APP }), "action: is required: one of get, apply"),
        ("manage_schema", json!({ "app_id": APP, "action": "drop" }), "action: must be one of get"),
        (
            "manage_schema",
            json!({ "app_id": APP, "action": "get", "schema": {} }),
            "schema: is not a parameter of the action `get`",
        ),
        (
            "manage_schema",
            json!({ "app_id": APP, "action": "apply", "schema": {}, "dry_run": true }),
            "dry_run: is not a parameter of the action `apply`",
        ),
        ("manage_function", json!({ "app_id": APP, "action": "get" }), "function_name: is required"),
        (
            "manage_function",
            json!({ "app_id": APP, "action": "get", "function_name": "a/b" }),
            "function_name: must",
        ),
        (
            "manage_function",
            json!({ "app_id": APP, "action": "get_logs", "function_name": "a", "limit": [1] }),
            "limit: must be a string, a number",
        ),
    ] {
        let error = asked(tool, arguments).unwrap_err();
        assert_eq!(error.code(), Code::ValidationInvalidSchema);
        assert!(error.message().starts_with(message), "{}", error.message());
    }
    let unknown = asked("manage_function", json!({ "app_id": "nope", "action": "list" })).unwrap_err();
    assert_eq!(unknown.code(), Code::ResourceNotFound);
    assert_eq!(asked("drop_database", json!({})).unwrap_err().code(), Code::ResourceNotFound);
}
