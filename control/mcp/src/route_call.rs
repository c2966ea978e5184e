//! The call of a tool that a request to its route is: the way back of `arguments.rs`.

use mayfly_api::routes::Found;
use serde_json::{Map, Value};

use crate::action::ToolAction;
use crate::arguments::parameter_of;
use crate::tools;

/// The tool of a route, and the arguments of a call that asks for what the request asks for; `None`: the route has no tool. What
/// is no JSON is no argument, and the route refuses it.
pub fn call_of_route(found: &Found, query: &str, body: &[u8]) -> Option<(&'static str, Map<String, Value>)> {
    let route = found.route.route();
    let (name, _) = route.tool?;
    let sent: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let tool = tools::definitions().iter().find(|tool| tool.name == name)?;
    let mut actions = tool.actions.iter().filter(|action| action.route == found.route);
    // Two actions of one route differ by a member that one of them always sends.
    let is_meant =
        |action: &&ToolAction| action.always.is_some_and(|member| sent.get(member) == Some(&true.into()));
    let first = actions.clone().find(|action| action.always.is_none());
    let action = actions.find(is_meant).or(first)?;
    let mut arguments = Map::new();
    for (member, value) in url::form_urlencoded::parse(query.as_bytes()) {
        arguments.insert(member.into_owned(), Value::String(value.into_owned()));
    }
    let sent = match action.within {
        Some(within) => sent.get(within).and_then(Value::as_object).cloned().unwrap_or_default(),
        None => sent,
    };
    for (member, value) in sent {
        if action.always == Some(member.as_str()) {
            continue;
        }
        let renamed = action.renamed.iter().find(|(_, renamed)| *renamed == member);
        arguments.insert(renamed.map_or(member, |(parameter, _)| (*parameter).to_owned()), value);
    }
    let mut names = found.names.iter();
    let parts = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for part in parts {
        let value = if part == "app" { found.app.as_ref() } else { names.next() };
        if let (Some(parameter), Some(value)) = (parameter_of(part), value) {
            arguments.insert(parameter.to_owned(), value.as_str().into());
        }
    }
    if !action.name.is_empty() {
        arguments.insert("action".to_owned(), action.name.into());
    }
    Some((name, arguments))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use mayfly_api::routes::find;
    use serde_json::json;

    use super::*;

    const APP: &str = "app_0123456789ab";

    fn called(method: Method, path: &str, body: Value) -> Option<(&'static str, Value)> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let found = find(&method, &path.replace("APP", APP)).unwrap();
        let (tool, arguments) = call_of_route(&found, query, body.to_string().as_bytes())?;
        Some((tool, arguments.into()))
    }

    #[test]
    fn a_request_is_the_call_that_would_make_it() {
        let deploy = json!({ "name": "a", "code": "x", "timeoutMs": 5 });
        let expected = json!({ "app_id": APP, "name": "a", "code": "x", "timeoutMs": 5 });
        assert_eq!(called(Method::POST, "/v1/APP/functions", deploy), Some(("deploy_function", expected)));
        let logs = json!({ "app_id": APP, "action": "get_logs", "function_name": "a", "limit": "5" });
        assert_eq!(
            called(Method::GET, "/v1/APP/functions/a/logs?limit=5", json!({})),
            Some(("manage_function", logs))
        );
        let env = json!({ "app_id": APP, "action": "update_env", "function_name": "a", "env": { "K": "v" } });
        let sent = json!({ "envVars": { "K": "v" } });
        assert_eq!(called(Method::PATCH, "/v1/APP/functions/a/env", sent), Some(("manage_function", env)));
        for (sent, action) in
            [(json!({ "schema": {}, "dry_run": true }), "dry_run"), (json!({ "schema": {} }), "apply")]
        {
            let expected = json!({ "app_id": APP, "action": action, "schema": {} });
            assert_eq!(called(Method::POST, "/v1/APP/schema/apply", sent), Some(("manage_schema", expected)));
        }
        assert_eq!(called(Method::GET, "/v1/APP/keys", json!({})), None);
    }
}
