//! `POST /mcp`: a message of the Model Context Protocol. What a tool asks for is a request of its caller to another route.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Either, Full};
use mayfly_api::access::Manager;
use mayfly_api::error::{ApiError, ApiResult, problem};
use mayfly_api::mcp::AgentSession;
use mayfly_api::routes;
use mayfly_mcp::{McpService, RouteAnswer, RouteRequest, ToolHost, ToolOutcome};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Map, Value};

use super::mcp_session;
use crate::Edge;
use crate::layers::request_id::X_REQUEST_ID;
use crate::loopback::{Loopback, OwnRequest};
use crate::reply::Reply;
use crate::services::{EdgeServices, ToolCall, ToolEnd};
use crate::stage::Managed;

/// Headers of the message that its requests carry on.
const CARRIED: [http::HeaderName; 4] = [
    AUTHORIZATION,
    HOST,
    http::HeaderName::from_static("traceparent"),
    http::HeaderName::from_static("tracestate"),
];

/// Names the user that a service key acts as.
const AS_USER: http::HeaderName = http::HeaderName::from_static("x-butterbase-as-user");

pub(crate) async fn serve<S: EdgeServices>(
    edge: &Edge<S>,
    loopback: Loopback,
    request: Managed,
) -> ApiResult<Reply> {
    let Managed { context, head, body, manager, .. } = request;
    let owner = edge.services.key_owner(manager.as_ref().ok_or_else(keyless)?);
    let mut host = Caller::new(edge, loopback, manager, &head.headers, &context)?;
    let sent = match mcp_session::sent(&edge.services, &owner, &head.headers, &body) {
        Ok(sent) => sent,
        Err(error) => {
            if let Some((tool, arguments)) = mcp_session::called(&body) {
                host.refuse(&tool, &arguments, &error).await?;
            }
            return Err(error);
        }
    };
    host.session = sent.session().cloned();
    Ok(sent.answered(reply_of(McpService::serve(host, head, body).await).await?))
}

fn keyless() -> ApiError {
    ApiError::internal("a caller of a tool has a key")
}

/// The protocol's answer as it goes out.
pub(super) async fn reply_of(answer: Response<BoxBody<Bytes, Infallible>>) -> ApiResult<Reply> {
    let (head, body) = answer.into_parts();
    let is_json = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    if head.status.is_client_error() && !is_json {
        return Err(refused(
            head.status,
            body.collect().await.map(|body| body.to_bytes()).unwrap_or_default(),
        ));
    }
    let is_stream = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
    let body = if is_stream {
        Either::Right(body.map_err(|never| match never {}).boxed_unsync())
    } else {
        Either::Left(Full::new(body.collect().await.map(|body| body.to_bytes()).unwrap_or_default()))
    };
    Ok(Reply::from_parts(head, body))
}

/// What the protocol says in plain text becomes an error like all others.
fn refused(status: StatusCode, text: Bytes) -> ApiError {
    let text = String::from_utf8_lossy(&text).into_owned();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text).to_owned();
    match status {
        StatusCode::NOT_FOUND => ApiError::not_found(text),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::method_not_allowed("POST"),
        _ => ApiError::invalid("", text),
    }
}

/// The caller of a tool.
#[derive(Clone)]
pub(super) struct Caller<S> {
    services: S,
    /// By the message's key: what it may do is looked up again for each route.
    manager: Option<Manager>,
    /// In which session.
    pub(super) session: Option<AgentSession>,
    loopback: Loopback,
    headers: HeaderMap,
    peer: IpAddr,
    request_id: Arc<str>,
    base: Arc<str>,
}

impl<S: EdgeServices> Caller<S> {
    /// Who sent a message with these headers.
    pub(super) fn new(
        edge: &Edge<S>,
        loopback: Loopback,
        manager: Option<Manager>,
        sent: &HeaderMap,
        context: &RequestContext,
    ) -> ApiResult<Self> {
        let mut headers = HeaderMap::new();
        for name in CARRIED {
            if let Some(value) = sent.get(&name) {
                headers.insert(name, value.clone());
            }
        }
        headers.insert(X_REQUEST_ID, HeaderValue::from_str(&context.id).map_err(ApiError::internal)?);
        let (services, base) = (edge.services.clone(), edge.base.as_str().into());
        let (session, request_id) = (None, Arc::clone(&context.id));
        Ok(Self { services, loopback, manager, session, headers, peer: context.peer, request_id, base })
    }

    /// The same, as the user that the message names.
    pub(super) fn acting_as(mut self, sent: &HeaderMap) -> Self {
        if let Some(user) = sent.get(AS_USER) {
            self.headers.insert(AS_USER, user.clone());
        }
        self
    }

    fn call(&self, manager: Option<Manager>, tool: &str, arguments: &Map<String, Value>) -> ToolCall {
        let (tool, arguments) = (tool.to_owned(), arguments.clone());
        let (session, request_id) = (self.session.clone(), Arc::clone(&self.request_id));
        ToolCall { manager, session, app: None, tool, arguments, request_id }
    }

    /// Who asks for a route, and the app that it is about. Before policies: a key spends the counters of no app but its own.
    async fn authorize(&self, wanted: &RouteRequest) -> ApiResult<(Option<Manager>, Option<String>)> {
        let (head, ()) = self.request(wanted, ())?.into_parts();
        let found = routes::find(&head.method, head.uri.path());
        let found = found.map_err(|_| ApiError::internal(format!("a tool asks for {}", wanted.path)))?;
        let requirement = found.route.route().requirement;
        let manager = self.services.authorize(requirement, found.app.as_deref(), &head).await?;
        Ok((manager, found.app))
    }

    fn request<B>(&self, wanted: &RouteRequest, body: B) -> ApiResult<Request<B>> {
        let mut request = Request::new(body);
        *request.method_mut() = wanted.method.clone();
        *request.uri_mut() = wanted.path.parse().map_err(ApiError::internal)?;
        *request.headers_mut() = self.headers.clone();
        // What runs code goes on with it. No header says so, which anyone could send.
        if let Some(session) = &self.session {
            request.extensions_mut().insert(session.clone());
        }
        Ok(request)
    }
}

impl<S: EdgeServices> ToolHost for Caller<S> {
    type Ticket = i64;

    async fn admit(
        &self,
        tool: &'static str,
        arguments: &Map<String, Value>,
        request: &RouteRequest,
    ) -> ApiResult<i64> {
        match self.authorize(request).await {
            Ok((manager, app)) => {
                let call = ToolCall { app, ..self.call(manager, tool, arguments) };
                self.services.admit_tool(call).await
            }
            Err(error) => {
                self.refuse(tool, arguments, &error).await?;
                Err(error)
            }
        }
    }

    async fn listed(&self) -> ApiResult<Vec<&'static str>> {
        match &self.manager {
            Some(manager) => self.services.listed_tools(manager, self.session.as_ref()).await,
            None => Ok(Vec::new()),
        }
    }

    async fn decide(&self, approval: &str, approve: bool) -> ApiResult<()> {
        match &self.manager {
            Some(manager) => self.services.decide_by_client(manager, approval, approve).await,
            None => Err(keyless()),
        }
    }

    async fn refuse(&self, tool: &str, arguments: &Map<String, Value>, error: &ApiError) -> ApiResult<()> {
        self.services.refuse_tool(self.call(self.manager.clone(), tool, arguments), error).await
    }

    async fn settle(&self, number: i64, outcome: &ToolOutcome) {
        let end = ToolEnd {
            error_code: outcome.error_code().map(str::to_owned),
            invocation_id: outcome.invocation_id().map(str::to_owned),
        };
        self.services.settle_tool(number, end).await;
    }

    async fn ask(&self, wanted: RouteRequest) -> ApiResult<RouteAnswer> {
        let request = self.request(&wanted, Full::new(wanted.body.clone().unwrap_or_default()))?;
        let reply = self.loopback.ask(OwnRequest { peer: self.peer, request }).await;
        let status = reply.status().as_u16();
        let body = reply.into_body().collect().await;
        let body = body.map_err(ApiError::internal)?.to_bytes();
        Ok(RouteAnswer { status, body })
    }

    fn problem(&self, error: &ApiError) -> Map<String, Value> {
        problem(error, &self.request_id, &self.base)
    }
}
