//! `POST /v1/{app}/functions/{name}/invoke`: a test call as the service role, answered with all there is to know.

use bytes::Bytes;
use http::Method;
use mayfly_runtime::{CollectError, Request, Response};
use serde_json::{Map, Value, json};

use crate::handlers::logs::{millis, show_line};
use crate::rescue::write_rate_limit;
use crate::stage::{Admitted, InvokeRequest};
use crate::{Edge, Reply, json as document};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::fields::Fields;
use mayfly_core::auth::{as_user, impersonate, pinned_version};
use mayfly_core::invoke::{Invocation, Trigger, check_paused};
use mayfly_store::InvocationRecord;
use mayfly_telemetry::trace::Trace;

/// The longest body of an answer that is shown: as long as one may be that is not streamed.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Headers of a test call.
const HEADERS_MAX: usize = 100;

pub(crate) async fn invoke(edge: &Edge, request: Admitted) -> ApiResult<Reply> {
    let InvokeRequest { app, name, manager, room, id, peer, head, body } = request.into_invoke()?;
    let wanted = if body.is_empty() { json!({}) } else { document::decode(&body)? };
    let target =
        edge.targets.by_name(&app, &name).await?.ok_or_else(|| ApiError::not_found("the function"))?;
    check_paused(&target)?;
    let target = match pinned_version(&head.headers)? {
        None => target,
        Some(version) => edge.targets.by_version(&app, &name, version).await?,
    };
    let allowed = target.function.settings.allow_service_key_impersonation;
    let (caller, identity) = impersonate(manager.caller(), as_user(&head.headers)?, allowed)?;
    let trace = Trace::of(&head.headers);
    let (request, path) = read(&format!("{}/fn/{name}", edge.api_base(&app)), wanted)?;
    let invocation = Invocation {
        target,
        request,
        path,
        caller,
        identity,
        trigger: Trigger::Invoke,
        request_id: id,
        ip: peer,
        trace,
        slot: room.slot,
    };
    let mut running = edge.invoker.start(invocation).await?;
    let Response { status, headers, body } = running.reply().await?;
    let content = match body {
        Some(content) => {
            Some(content.collect(BODY_BYTES_MAX).await.map_err(|why| unread(&why, &running.id))?)
        }
        None => None,
    };
    if let Some(line) = running.line() {
        line.served();
    }
    // Fuel and logs are complete only when `waitUntil` is through.
    let record = running.record().await;
    let mut reply = document::ok(&show(status, headers, content, &record))?;
    crate::headers::mark_invocation(reply.headers_mut(), &record.id)?;
    write_rate_limit(reply.headers_mut(), &room.rate_limit);
    Ok(reply)
}

/// Read `{method?, path?, headers?, body?}`.
fn read(base: &str, wanted: Value) -> ApiResult<(Request, String)> {
    let mut fields = Fields::of(wanted, "")?;
    let method = fields.text("method", 1, 20)?.unwrap_or_else(|| "POST".to_owned()).to_ascii_uppercase();
    if Method::from_bytes(method.as_bytes()).is_err() {
        return Err(ApiError::invalid("method", "is not an HTTP method"));
    }
    let path = fields.text("path", 0, 2_000)?.unwrap_or_default();
    let url = url(base, &path)?;
    let mut headers = read_headers(fields.object("headers")?.unwrap_or_default())?;
    let body = fields.take("body");
    fields.finish()?;
    let body = match body {
        None => None,
        Some(_) if matches!(method.as_str(), "GET" | "HEAD") => {
            return Err(ApiError::invalid("body", "a GET or HEAD request has none"));
        }
        Some(Value::String(text)) => Some(text.into_bytes()),
        Some(value) => {
            if !headers.iter().any(|(name, _)| name == "content-type") {
                headers.push(("content-type".into(), "application/json".into()));
            }
            Some(value.to_string().into_bytes())
        }
    };
    let path = url.path().to_owned();
    Ok((Request { method, url: url.into(), headers, body: body.map(Into::into) }, path))
}

/// The function's URL, with what comes after it: a path below it, a query, or both.
fn url(base: &str, path: &str) -> ApiResult<url::Url> {
    if !path.is_empty() && !path.starts_with(['/', '?']) {
        return Err(ApiError::invalid("path", "must begin with / or ?"));
    }
    url::Url::parse(&format!("{base}{path}"))
        .map_err(|error| ApiError::invalid("path", "is not a path of a URL").because(error))
}

fn read_headers(given: Map<String, Value>) -> ApiResult<Vec<(String, String)>> {
    if given.len() > HEADERS_MAX {
        return Err(ApiError::invalid("headers", format!("may have {HEADERS_MAX} items at most")));
    }
    let mut headers = Vec::with_capacity(given.len());
    for (name, value) in given {
        let path = format!("headers.{name}");
        let Value::String(value) = value else {
            return Err(ApiError::invalid(&path, "must be a string"));
        };
        let parsed = http::HeaderName::from_bytes(name.as_bytes());
        let (Ok(parsed), Ok(_)) = (parsed, http::HeaderValue::from_str(&value)) else {
            return Err(ApiError::invalid(&path, "is not a valid header"));
        };
        headers.push((parsed.as_str().to_owned(), value));
    }
    Ok(headers)
}

fn unread(why: &CollectError, invocation_id: &str) -> ApiError {
    let code = match why {
        CollectError::TooLarge(_) => Code::FunctionOutputLimit,
        CollectError::Broken(_) => Code::FunctionThrew,
    };
    ApiError::new(code, why.to_string()).of_invocation(invocation_id)
}

fn show(
    status: u16,
    pairs: Vec<(String, String)>,
    content: Option<Bytes>,
    record: &InvocationRecord,
) -> Value {
    let mut headers = Map::new();
    for (name, value) in pairs {
        match headers.get_mut(&name) {
            Some(Value::String(before)) => {
                before.push_str(", ");
                before.push_str(&value);
            }
            _ => drop(headers.insert(name, value.into())),
        }
    }
    let is_json =
        headers.get("content-type").and_then(Value::as_str).is_some_and(|kind| kind.contains("json"));
    let text = content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let parsed = text.as_deref().filter(|_| is_json).and_then(|text| serde_json::from_str(text).ok());
    json!({
        "status": status,
        "headers": headers,
        "body": parsed.unwrap_or_else(|| json!(text)),
        "duration_ms": millis(record.duration_us),
        "invocation_id": record.id,
        "fuel": record.fuel,
        "logs": record.logs.iter().map(show_line).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://h/v1/app/fn/hello";

    #[test]
    fn a_test_call_is_a_post_unless_it_says_otherwise() {
        let (request, path) = read(BASE, json!({})).unwrap();
        assert_eq!(
            (request.method.as_str(), request.url.as_str(), path.as_str()),
            ("POST", BASE, "/v1/app/fn/hello")
        );
        let wanted = json!({"method": "put", "path": "/a?b=c", "headers": {"X-A": "1"}, "body": {"n": 1}});
        let (request, _) = read(BASE, wanted).unwrap();
        assert_eq!(request.url, format!("{BASE}/a?b=c"));
        assert_eq!(request.body.unwrap().whole().unwrap(), "{\"n\":1}");
        assert_eq!(request.headers[1].1, "application/json");
        let (request, _) = read(BASE, json!({"body": "plain"})).unwrap();
        assert_eq!(request.body.unwrap().whole().unwrap(), "plain");
    }

    #[test]
    fn mistakes_are_named() {
        for (wanted, path) in [
            (json!({"method": "B AD"}), "method: "),
            (json!({"path": "a"}), "path: "),
            (json!({"method": "GET", "body": 1}), "body: "),
            (json!({"headers": {"x": 1}}), "headers.x: "),
            (json!({"headers": {"x y": "1"}}), "headers.x y: "),
            (json!({"headers": {"x": "a\r\nb"}}), "headers.x: "),
            (json!({"query": {}}), "query: "),
        ] {
            let error = read(BASE, wanted.clone()).unwrap_err();
            assert!(error.message().starts_with(path), "{wanted}: {}", error.message());
        }
    }
}
