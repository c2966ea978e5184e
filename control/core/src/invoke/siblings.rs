//! `ctx.invoke`: another function of the same app, run in process as the same identity.
//!
//! To the guest it is a request to a URL of the scheme [`SCHEME`], so bodies stream both ways as with `fetch`. Only the
//! invocation's own app is looked at: there is no way to name another one.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use mayfly_api::decode::check_values;
use mayfly_api::error::ApiError;
use mayfly_api::names::decoded;
use mayfly_runtime::providers::{
    BoxFuture, Fetch, FetchRequest, FetchResponse, GuestError, OutboundSocket, SocketRequest,
};
use mayfly_runtime::{Body, Chunks, DisconnectGuard, Request, Response};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Map, json};

use super::allowance::denied;
use super::scope::InvocationScope;
use super::{Invocation, InvocationTerms, Invoker, TriggerEvent};
use crate::auth::{Caller, CallerKind};
use crate::functions::choose_version;
use crate::storage;

/// Begins the URLs of `ctx.invoke`: what follows is a function's name, a path and a query.
const SCHEME: &str = "mayfly-sibling:";
/// Begins the URLs of `tools.NAME(...)` in code that runs once.
const TOOL_SCHEME: &str = "mayfly-tool:";
/// Bytes of a tool's arguments.
const ARGUMENTS_BYTES_MAX: usize = 1 << 20;
/// Calls within calls, at most.
const DEPTH_MAX: usize = 4;
/// Headers that would forge an identity are the platform's to set.
const RESERVED: [&str; 2] = ["x-butterbase-", "x-mayfly-"];

/// `fetch` of one invocation, with its app's functions and storage beside the outside.
pub(super) struct Siblings {
    pub(super) invoker: Invoker,
    pub(super) outside: Arc<dyn Fetch>,
    pub(super) scope: Arc<InvocationScope>,
}

impl Fetch for Siblings {
    fn connect(
        self: Arc<Self>,
        request: SocketRequest,
    ) -> BoxFuture<'static, Result<OutboundSocket, GuestError>> {
        match self.check_socket() {
            Ok(()) => Arc::clone(&self.outside).connect(request),
            Err(denied) => Box::pin(std::future::ready(Err(denied))),
        }
    }

    fn fetch(
        self: Arc<Self>,
        request: FetchRequest,
    ) -> BoxFuture<'static, Result<FetchResponse, GuestError>> {
        if let Some(rest) = request.url.strip_prefix(storage::SCHEME) {
            let rest = rest.to_owned();
            return Box::pin(async move {
                self.scope.allowance.check_storage(&rest)?;
                let app = &self.scope.function.function.app_id;
                self.invoker.shared.parts.capabilities.storage.answer(app, &rest, request).await
            });
        }
        if let Some(name) = request.url.strip_prefix(TOOL_SCHEME) {
            // A function's name, or a server's and its tool's.
            let name: Option<Vec<String>> = name.splitn(2, '/').map(decoded).collect();
            let name = name.unwrap_or_default().join("/");
            return Box::pin(async move { self.tool(name, request).await });
        }
        match request.url.strip_prefix(SCHEME) {
            None => match self.scope.allowance.check_method(&request.method) {
                Ok(()) => Arc::clone(&self.outside).fetch(request),
                Err(denied) => Box::pin(std::future::ready(Err(denied))),
            },
            Some(rest) => {
                let rest = rest.to_owned();
                Box::pin(async move { self.call(&rest, request).await })
            }
        }
    }
}

impl Siblings {
    /// What only looks opens no socket: the host cannot see what is sent over it.
    fn check_socket(&self) -> Result<(), GuestError> {
        self.scope.allowance.check_method("POST")
    }

    async fn call(&self, rest: &str, request: FetchRequest) -> Result<FetchResponse, GuestError> {
        let (name, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let scope = &self.scope;
        scope.allowance.check_function(name)?;
        let depth = depth(scope, name)?;
        let capabilities = &self.invoker.shared.parts.capabilities;
        let app = &scope.function.function.app_id;
        let found = capabilities.functions.by_name(app, name).await.map_err(refused)?;
        let function = found.ok_or_else(|| refused(ApiError::not_found(format!("the function {name}"))))?;
        function.check_paused().map_err(refused)?;
        let counted = capabilities.admission.count(app).await.map_err(refused)?;
        let permit = capabilities.admission.enter(counted).await.map_err(refused)?.slot;
        let url = format!("{}/v1/{app}/fn/{name}{path}", capabilities.api_url);
        let mut headers = request.headers;
        headers.retain(|(name, _)| !RESERVED.iter().any(|reserved| name.starts_with(reserved)));
        let event = serde_json::json!({
            "function": &*scope.function.function.function_name,
            "invocationId": scope.id,
            "depth": depth,
        });
        let invocation = Invocation {
            function: choose_version(function, scope.caller.user_id.as_deref()),
            request: Request { method: request.method, url: url.clone(), headers, body: request.body },
            path: url::Url::parse(&url).map(|url| url.path().to_owned()).unwrap_or_default(),
            caller: Caller { kind: CallerKind::Loopback, ..scope.caller.clone() },
            identity: scope.identity.clone(),
            trigger: TriggerEvent::sibling(&event).map_err(|error| refused(ApiError::internal(error)))?,
            context: RequestContext { received_at: Instant::now(), ..scope.context.clone() },
            permit,
            parent: Some(Arc::clone(scope)),
            terms: InvocationTerms { allowance: scope.allowance.of_sibling(), ..InvocationTerms::default() },
        };
        let mut running = self.invoker.start(invocation).await.map_err(refused)?;
        let response = running.response_apart().await.map_err(refused)?;
        Ok(answer(response, running.disconnect_guard(), format!("{SCHEME}{rest}")))
    }

    /// A call of a tool by code that runs once. A refusal is an answer: the code's `tools` throws it.
    async fn tool(&self, name: String, request: FetchRequest) -> Result<FetchResponse, GuestError> {
        let tools = self.scope.tools.clone().ok_or_else(|| denied("tools: an agent's tool"))?;
        let url = request.url;
        let arguments = match request.body {
            None => Ok(Map::new()),
            Some(body) => {
                let body = body.collect(ARGUMENTS_BYTES_MAX).await;
                let body = body.map_err(|error| GuestError::new("PAYLOAD_TOO_LARGE", error.to_string()))?;
                check_values(&body).and_then(|()| {
                    serde_json::from_slice(&body)
                        .map_err(|_| ApiError::invalid("", "a tool takes one object of arguments"))
                })
            }
        };
        let called = match arguments {
            Ok(arguments) => tools.call(name, arguments, Arc::clone(&self.scope)).await,
            Err(error) => Err(error),
        };
        let answer = match &called {
            Ok(result) => json!({ "result": result }),
            Err(error) => json!({
                "code": error.code().as_str(), "message": error.message(), "details": error.details(),
            }),
        };
        Ok(FetchResponse {
            status: if called.is_ok() { 200 } else { 400 },
            status_text: String::new(),
            url,
            redirected: false,
            headers: Vec::new(),
            body: Body::Whole(answer.to_string().into()),
        })
    }
}

/// How deep a call of this function would be, unless it waits for this very call already.
fn depth(scope: &InvocationScope, name: &str) -> Result<usize, GuestError> {
    let callers = std::iter::successors(Some(scope), |scope| scope.parent.as_deref());
    let mut depth = 0;
    for caller in callers {
        depth += 1;
        if *caller.function.function.function_name == *name {
            let message = format!("ctx.invoke: {name} is waiting for this call already");
            return Err(GuestError::new("INVOKE_CYCLE", message));
        }
    }
    if depth > DEPTH_MAX {
        let message = format!("ctx.invoke: calls can be {DEPTH_MAX} deep at most");
        return Err(GuestError::new("INVOKE_DEPTH", message));
    }
    Ok(depth)
}

fn refused(error: ApiError) -> GuestError {
    GuestError::new(error.code().as_str(), format!("ctx.invoke: {}", error.message()))
}

fn answer(response: Response, guard: Option<DisconnectGuard>, url: String) -> FetchResponse {
    let body = match response.body {
        Some(Body::Stream(chunks)) => Body::Stream(Chunks::new(guarded(chunks, guard))),
        whole => {
            if let Some(guard) = guard {
                guard.served();
            }
            whole.unwrap_or_else(|| Body::Whole(Bytes::new()))
        }
    };
    FetchResponse {
        status: response.status,
        status_text: String::new(),
        url,
        redirected: false,
        headers: response.headers,
        body,
    }
}

/// The pieces; the callee learns whether they were read to their end.
fn guarded(
    chunks: Chunks,
    guard: Option<DisconnectGuard>,
) -> impl Stream<Item = Result<Bytes, GuestError>> + Send {
    futures_util::stream::unfold((chunks, guard), |(mut chunks, mut guard)| async move {
        match chunks.next().await {
            Some(piece) => Some((piece, (chunks, guard))),
            None => {
                if let Some(guard) = guard.take() {
                    guard.served();
                }
                None
            }
        }
    })
}
