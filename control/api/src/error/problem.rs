//! The body of an error: RFC 9457's members and Butterbase's object, in one.

use serde_json::{Map, Value, json};

use super::ApiError;

/// What a caller is told of a failure; `base` is the address that error pages are under.
pub fn problem(error: &ApiError, request_id: &str, base: &str) -> Map<String, Value> {
    let code = error.code();
    let page = format!("{base}/errors/{}", code.as_str());
    let mut inner = Map::new();
    inner.insert("code".into(), code.as_str().into());
    inner.insert("message".into(), error.message().into());
    inner.insert("remediation".into(), code.remediation().into());
    inner.insert("documentation_url".into(), page.clone().into());
    if let Some(details) = details(error) {
        inner.insert("details".into(), details);
    }
    let mut body = Map::new();
    body.insert("type".into(), page.into());
    body.insert("title".into(), code.title().into());
    body.insert("status".into(), code.status().as_u16().into());
    body.insert("detail".into(), error.message().into());
    body.insert("code".into(), code.as_str().into());
    body.insert("request_id".into(), request_id.into());
    if let Some(id) = error.invocation_id() {
        body.insert("invocation_id".into(), id.into());
    }
    body.insert("error".into(), Value::Object(inner));
    body
}

/// The details everyone may see and, for a service or admin key, the stack.
fn details(error: &ApiError) -> Option<Value> {
    let mut details = error.details().cloned();
    if let Some(stack) = error.stack().filter(|_| error.is_for_trusted()) {
        match details.get_or_insert_with(|| json!({})) {
            Value::Object(members) => drop(members.insert("stack".into(), stack.into())),
            other => *other = json!({ "stack": stack, "value": other.clone() }),
        }
    }
    details
}
