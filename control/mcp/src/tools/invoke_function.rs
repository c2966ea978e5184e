//! `invoke_function`: a test call, answered with all that it did.

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::RouteId;
use serde_json::{Map, Value, json};

use crate::action::ToolAction;

use super::{Hints, ToolDefinition};

pub(super) const TOOL: ToolDefinition = ToolDefinition {
    name: "invoke_function",
    title: "Invoke Function",
    description: DESCRIPTION,
    // What a function does, only its author knows.
    hints: Hints { read_only: false, destructive: true, idempotent: false, open_world: true },
    actions: &[ToolAction::new("", RouteId::FunctionsInvoke).hiding(&["wait_background"])],
    words: &[
        ("app_id", "The app of the function."),
        ("function_name", "The function."),
        (
            "method",
            "GET, POST, PUT, PATCH, DELETE, ... (default: the one that the http trigger names, or else POST).",
        ),
        ("path", "What follows the function's URL: `/path`, `?query` or both."),
        ("headers", "Headers of the request, by name."),
        ("body", "Sent as JSON. Leave it out for GET and HEAD."),
    ],
    prepare: body_as_json,
};

const DESCRIPTION: &str = r#"Calls a deployed function and returns its whole HTTP response, with its console output.

Example
  Input:  { app_id: "app_abc123def456", function_name: "submit-inquiry", body: { email: "user@example.com", message: "hello" } }
  Output: { status: 200, headers: { "content-type": "application/json" }, body: { id: "..." }, duration_ms: 47,
            invocation_id: "inv_...", fuel: 1200000, logs: [] }
  Without a body: { app_id: "app_abc123def456", function_name: "public-catalog", method: "GET" }

It runs as the service role, and needs no http trigger; where one names a method, another method is METHOD_NOT_ALLOWED. A status of
400 or above that the function itself answers is a result like any other; a function that throws, hangs or reaches a limit is a
failure with its stack.
Errors: RESOURCE_NOT_FOUND: no such function (manage_function with the action list shows what there is); FUNCTION_TIMEOUT: raise
timeoutMs with deploy_function; FUNCTION_THREW and others: explain_failure with the invocation_id says more.
Whether it may be repeated depends on the function."#;

/// Whatever the body is, it is JSON; but a text beside a `content-type` of the caller's own is sent as it is.
fn body_as_json(members: &mut Map<String, Value>) -> ApiResult<()> {
    let Some(body) = members.get("body").filter(|body| !body.is_null()) else { return Ok(()) };
    let method = members.get("method").and_then(Value::as_str).unwrap_or("POST");
    if method.eq_ignore_ascii_case("GET") || method.eq_ignore_ascii_case("HEAD") {
        return Err(ApiError::invalid("body", format!("a {method} request has none")));
    }
    let headers = members.get("headers").and_then(Value::as_object);
    let own_type = headers.into_iter().flatten().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    match own_type.and_then(|(_, value)| value.as_str()) {
        Some(of) if !of.contains("json") && body.is_string() => Ok(()),
        Some(_) => {
            let text = body.to_string();
            members.insert("body".to_owned(), text.into());
            Ok(())
        }
        None => {
            let text = body.to_string();
            members.insert("body".to_owned(), text.into());
            match members.entry("headers").or_insert_with(|| json!({})) {
                Value::Object(headers) => {
                    headers.insert("content-type".to_owned(), "application/json".into());
                    Ok(())
                }
                _ => Err(ApiError::invalid("headers", "must be an object")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(members: Value) -> ApiResult<Value> {
        let Value::Object(mut members) = members else { panic!("an object") };
        body_as_json(&mut members).map(|()| members.into())
    }

    #[test]
    fn a_body_is_json() {
        let json = "application/json";
        for (body, sent) in
            [(json!({ "a": 1 }), "{\"a\":1}"), (json!("hi"), "\"hi\""), (json!(false), "false")]
        {
            let made = prepared(json!({ "body": body, "headers": { "x-a": "b" } })).unwrap();
            assert_eq!(made, json!({ "body": sent, "headers": { "x-a": "b", "content-type": json } }));
        }
        let text =
            json!({ "body": "a=b", "headers": { "Content-Type": "application/x-www-form-urlencoded" } });
        assert_eq!(prepared(text.clone()).unwrap(), text);
        assert_eq!(prepared(json!({ "method": "GET" })).unwrap(), json!({ "method": "GET" }));
        assert!(prepared(json!({ "method": "get", "body": {} })).is_err());
        assert!(prepared(json!({ "body": {}, "headers": 5 })).is_err());
    }
}
