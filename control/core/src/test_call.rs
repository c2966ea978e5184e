//! Test calls: a function run as the service role, answered with its response, logs and fuel.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Method};
use mayfly_api::access::Manager;
use mayfly_api::decode::has_few_values;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::{InvokeFunction, Invoked};
use mayfly_api::value::Millis;
use mayfly_ledger::{Account, Held};
use mayfly_quota::ConcurrencyPermit;
use mayfly_runtime::{CollectError, Request, Response};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Value, json};

use crate::auth::{Caller, as_user, impersonate, pinned_version};
use crate::functions::FunctionCache;
use crate::invoke::{Invocation, InvocationTerms, Invoker, TriggerEvent};
use crate::logs::{background_info, entry};

/// The longest body of a response that is shown: as long as one may be that is not streamed.
const BODY_BYTES_MAX: usize = 32 << 20;
/// A body that is shown is text, then a value, then part of an answer.
const COPIES: usize = 4;
/// Headers of a test call.
const HEADERS_MAX: usize = 100;

/// The use case. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TestCalls {
    /// Finds the function.
    pub functions: FunctionCache,
    /// Runs it.
    pub invoker: Invoker,
}

/// Which function, as whom.
#[derive(Debug)]
pub struct TestTarget<'a> {
    /// The app.
    pub app: &'a str,
    /// The function.
    pub name: &'a str,
    /// Its URL.
    pub url: &'a str,
    /// Who manages the app.
    pub manager: &'a Manager,
    /// The request's headers: they may name a version and a user.
    pub headers: &'a HeaderMap,
}

impl TestCalls {
    /// Run the function and wait until all of it is over.
    ///
    /// # Errors
    /// What any call fails with, and what is wrong with `wanted`.
    pub async fn run(
        &self,
        target: TestTarget<'_>,
        wanted: InvokeFunction,
        context: RequestContext,
        permit: ConcurrencyPermit,
    ) -> ApiResult<Invoked> {
        let (app, name) = (target.app, target.name);
        let found = self.functions.by_name(app, name).await?;
        let function = found.ok_or_else(|| ApiError::not_found("the function"))?;
        function.check_paused()?;
        let function = match pinned_version(target.headers)? {
            None => function,
            Some(version) => self.functions.by_version(app, name, version).await?,
        };
        let allowed = function.function.settings.allow_service_key_impersonation;
        let caller = Caller::manager(target.manager);
        let (caller, identity) = impersonate(caller, as_user(target.headers)?, allowed)?;
        let waits = wanted.wait_background.unwrap_or(true);
        let http = function.http.as_ref();
        let method = http.and_then(|http| http.method.as_ref()).filter(|_| wanted.method.is_none());
        let (request, path) = request_of(target.url, wanted, method)?;
        // What no caller can send says nothing about the function.
        let sent = Method::from_bytes(request.method.as_bytes()).map_err(ApiError::internal)?;
        if let Some(allow) = http.and_then(|http| http.refuses(&sent)) {
            return Err(ApiError::method_not_allowed(allow));
        }
        let trigger = TriggerEvent::Invoke;
        let invocation = Invocation {
            function,
            request,
            path,
            caller,
            identity,
            trigger,
            context,
            permit,
            parent: None,
            terms: InvocationTerms::default(),
        };
        let began = Instant::now();
        let mut running = self.invoker.start(invocation).await?;
        let response = running.response().await?;
        let (status, headers, content, _held) =
            content_of(response, &running.id, &self.invoker.account(app)).await?;
        if let Some(guard) = running.disconnect_guard() {
            guard.served();
        }
        let mut invoked = shown(status, headers, content);
        invoked.invocation_id.clone_from(&running.id);
        if !waits {
            invoked.duration_ms =
                Millis::of_micros(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
            return Ok(invoked);
        }
        // Fuel and logs are complete only when `waitUntil` is through.
        let record = running.record().await;
        Ok(Invoked {
            duration_ms: Millis::of_micros(record.duration_us),
            fuel: Some(record.fuel),
            logs: Some(record.logs.iter().map(entry).collect()),
            background: record.background.clone().map(background_info),
            ..invoked
        })
    }
}

/// Status, headers and body, and what is held for the body until it is shown.
type Content = (u16, Vec<(String, String)>, Option<Bytes>, Held);

/// A response with its whole body.
pub(crate) async fn content_of(
    response: Response,
    invocation_id: &str,
    account: &Account,
) -> ApiResult<Content> {
    let Response { status, headers, body } = response;
    let content = match body {
        Some(content) => {
            Some(content.collect(BODY_BYTES_MAX).await.map_err(|why| unread(&why, invocation_id))?)
        }
        None => None,
    };
    let bytes = content.as_ref().map_or(0, Bytes::len);
    let held = account
        .take(bytes * COPIES)
        .map_err(|shortage| ApiError::from(shortage).of_invocation(invocation_id))?;
    Ok((status, headers, content, held))
}

/// The request that a call asks for, and its path. `method` is the trigger's, where it names one and the call does not.
pub(crate) fn request_of(
    base: &str,
    wanted: InvokeFunction,
    method: Option<&Method>,
) -> ApiResult<(Request, String)> {
    let otherwise = method.map_or("POST", Method::as_str);
    let method = wanted.method.as_deref().unwrap_or(otherwise).to_ascii_uppercase();
    if Method::from_bytes(method.as_bytes()).is_err() {
        return Err(ApiError::invalid("method", "is not an HTTP method"));
    }
    let url = url(base, wanted.path.as_deref().unwrap_or_default())?;
    let mut headers = headers_of(wanted.headers.unwrap_or_default())?;
    let body = match wanted.body {
        None | Some(Value::Null) => None,
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

fn headers_of(given: BTreeMap<String, String>) -> ApiResult<Vec<(String, String)>> {
    if given.len() > HEADERS_MAX {
        return Err(ApiError::invalid("headers", format!("may have {HEADERS_MAX} items at most")));
    }
    let mut headers = Vec::with_capacity(given.len());
    for (name, value) in given {
        let parsed = http::HeaderName::from_bytes(name.as_bytes());
        let (Ok(parsed), Ok(_)) = (parsed, http::HeaderValue::from_str(&value)) else {
            return Err(ApiError::invalid(&format!("headers.{name}"), "is not a valid header"));
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

/// A response as it is shown.
pub(crate) fn shown(status: u16, pairs: Vec<(String, String)>, content: Option<Bytes>) -> Invoked {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in pairs {
        match headers.get_mut(&name) {
            Some(before) => {
                before.push_str(", ");
                before.push_str(&value);
            }
            None => drop(headers.insert(name, value)),
        }
    }
    let is_json = headers.get("content-type").is_some_and(|kind| kind.contains("json"));
    let text = content.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let parsed = text
        .as_deref()
        .filter(|text| is_json && has_few_values(text.as_bytes()))
        .and_then(|text| serde_json::from_str(text).ok());
    Invoked {
        status,
        headers,
        body: parsed.unwrap_or_else(|| json!(text)),
        duration_ms: Millis::of_micros(0),
        invocation_id: String::new(),
        fuel: None,
        logs: None,
        background: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://h/v1/app/fn/hello";

    fn read(sent: &Value) -> ApiResult<(Request, String)> {
        mayfly_api::decode::body(sent.to_string().as_bytes())
            .and_then(|wanted| request_of(BASE, wanted, None))
    }

    #[test]
    fn a_test_call_is_a_post_unless_it_says_otherwise() {
        let (request, path) = read(&json!({})).unwrap();
        assert_eq!(
            (request.method.as_str(), request.url.as_str(), path.as_str()),
            ("POST", BASE, "/v1/app/fn/hello")
        );
        let wanted = json!({"method": "put", "path": "/a?b=c", "headers": {"X-A": "1"}, "body": {"n": 1}});
        let (request, _) = read(&wanted).unwrap();
        assert_eq!(request.url, format!("{BASE}/a?b=c"));
        assert_eq!(request.body.unwrap().whole().unwrap(), "{\"n\":1}");
        assert_eq!(request.headers[1].1, "application/json");
        let (request, _) = read(&json!({"body": "plain"})).unwrap();
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
            let error = read(&wanted).unwrap_err();
            assert!(error.message().starts_with(path), "{wanted}: {}", error.message());
        }
    }
}
