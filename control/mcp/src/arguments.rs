//! Makes a request to a route of a tool's arguments: each goes into the path, the query or the body, or is refused.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::names::{encoded, is_app_id, is_function_name};
use mayfly_api::route::Route;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::action::ToolAction;
use crate::host::RouteRequest;

/// Names that are this many edits from a known one are answered with a suggestion.
const SUGGESTION_EDITS_MAX: usize = 3;

/// What a tool was called with.
pub(crate) struct Arguments {
    pub(crate) members: Map<String, Value>,
    /// The member `schema` as it was sent: the order of a declaration's columns is that of the table's.
    pub(crate) schema: Option<Box<RawValue>>,
}

/// The parameters that stand for the names in a path, with their schemas.
pub(crate) fn path_parameters(path: &str) -> impl Iterator<Item = (&'static str, Value)> {
    names_in(path).filter_map(|name| {
        let parameter = parameter_of(name)?;
        let schema = match name {
            "app" => json!({ "type": "string", "description": "The app's id, such as app_abc123def456." }),
            "name" => json!({
                "type": "string", "pattern": "^[A-Za-z0-9_-]{1,100}$", "description": "The function's name.",
            }),
            "delivery" => json!({ "type": "string", "description": "The delivery's id (whd_...)." }),
            "job" => json!({ "type": "string", "description": "The job's id (job_...)." }),
            "bucket" => json!({ "type": "string", "description": "The bucket's name." }),
            "upload" => json!({ "type": "string", "description": "The upload event's id (upl_...)." }),
            "table" => json!({ "type": "string", "description": "The table's name." }),
            _ => json!({ "type": "string", "description": "The invocation's id (inv_...)." }),
        };
        Some((parameter, schema))
    })
}

/// The request that an action is.
pub(crate) fn request(action: &ToolAction, arguments: Arguments) -> ApiResult<RouteRequest> {
    let route = action.route.route();
    let Arguments { mut members, schema } = arguments;
    members.retain(|_, value| !value.is_null());
    let mut path = path(route, &mut members)?;
    let has_body = action.has_body();
    check_names(action, &members)?;
    if !has_body {
        path.push_str(&query(&members)?);
    }
    let body = if has_body { Some(body(action, members, schema)?) } else { None };
    Ok(RouteRequest { method: route.method.clone().unwrap_or(Method::POST), path, body })
}

/// The route's path with the arguments in their places.
fn path(route: &Route, members: &mut Map<String, Value>) -> ApiResult<String> {
    let mut path = String::new();
    for part in route.path.split('/').skip(1) {
        path.push('/');
        match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            None => path.push_str(part),
            Some(name) => {
                let parameter = parameter_of(name)
                    .ok_or_else(|| ApiError::internal(format!("no parameter stands for {name}")))?;
                let value =
                    members.remove(parameter).ok_or_else(|| ApiError::invalid(parameter, "is required"))?;
                let Value::String(value) = value else {
                    return Err(ApiError::invalid(parameter, "must be a string"));
                };
                path.push_str(&checked(parameter, &value)?);
            }
        }
    }
    Ok(path)
}

/// A name as it stands in a path.
fn checked(parameter: &str, value: &str) -> ApiResult<String> {
    match parameter {
        // What has not the shape of an id is no app, as what has it and is none.
        "app_id" if !is_app_id(value) => Err(ApiError::not_found("the app")),
        "function_name" if !is_function_name(value) => {
            Err(ApiError::invalid(parameter, "must match ^[A-Za-z0-9_-]{1,100}$"))
        }
        _ if value.is_empty() || value.contains('\0') => {
            Err(ApiError::invalid(parameter, "must not be empty"))
        }
        _ => Ok(encoded(value)),
    }
}

/// Refuse what the action does not take.
fn check_names(action: &ToolAction, members: &Map<String, Value>) -> ApiResult<()> {
    let known = action.members();
    let is_known = |name: &String| known.iter().any(|member| member.name == *name);
    let Some(unknown) = members.keys().find(|name| !is_known(name)) else { return Ok(()) };
    let near = known
        .iter()
        .map(|member| &member.name)
        .map(|name| (strsim::damerau_levenshtein(name, unknown), name))
        .filter(|(edits, _)| *edits <= SUGGESTION_EDITS_MAX)
        .min();
    let of = if action.name.is_empty() { String::new() } else { format!(" of the action `{}`", action.name) };
    let mut details = json!({ "path": unknown });
    let mut message = format!("{unknown}: is not a parameter{of}");
    if let Some((_, name)) = near {
        details["suggestion"] = name.as_str().into();
        message.push_str(&format!("; did you mean `{name}`?"));
    }
    Err(ApiError::new(mayfly_api::error::Code::ValidationInvalidSchema, message).with_details(details))
}

fn query(members: &Map<String, Value>) -> ApiResult<String> {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in members {
        match value {
            Value::String(value) => drop(text.append_pair(name, value)),
            Value::Number(_) | Value::Bool(_) => drop(text.append_pair(name, &value.to_string())),
            _ => return Err(ApiError::invalid(name, "must be a string, a number or a boolean")),
        }
    }
    let text = text.finish();
    Ok(if text.is_empty() { text } else { format!("?{text}") })
}

fn body(action: &ToolAction, members: Map<String, Value>, schema: Option<Box<RawValue>>) -> ApiResult<Bytes> {
    let mut body: BTreeMap<String, Box<RawValue>> = BTreeMap::new();
    for (name, value) in members {
        let member = action.renamed.iter().find(|(parameter, _)| *parameter == name);
        let member = member.map_or(name.as_str(), |(_, member)| member);
        let value = match &schema {
            Some(schema) if member == "schema" => schema.clone(),
            _ => to_raw_value(&value).map_err(ApiError::internal)?,
        };
        body.insert(member.to_owned(), value);
    }
    if let Some(within) = action.within {
        let value = to_raw_value(&body).map_err(ApiError::internal)?;
        body = BTreeMap::from([(within.to_owned(), value)]);
    }
    if let Some(member) = action.always {
        body.insert(member.to_owned(), to_raw_value(&true).map_err(ApiError::internal)?);
    }
    serde_json::to_vec(&body).map(Bytes::from).map_err(ApiError::internal)
}

fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// The parameter that stands for a name in a path.
pub(crate) fn parameter_of(name: &str) -> Option<&'static str> {
    match name {
        "app" => Some("app_id"),
        "name" => Some("function_name"),
        "delivery" => Some("delivery_id"),
        "invocation" => Some("invocation_id"),
        "job" => Some("job_id"),
        "bucket" => Some("bucket"),
        "upload" => Some("upload_id"),
        "table" => Some("table"),
        _ => None,
    }
}
