//! `Fake`: use cases that answer from a script, and report each question that the edge asks.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use futures_util::{Stream, stream};
use http::Method;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use mayfly_api::access::{Manager, Requirement};
use mayfly_api::agent_tools::AgentToolList;
use mayfly_api::approvals::ApprovalInfo;
use mayfly_api::endpoint::{ApiCall, Endpoint, Handler};
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::Invoked;
use mayfly_api::health::{Readiness, ReadyState};
use mayfly_api::hosts::{HostOwner, OriginVerdict};
use mayfly_api::logs::TailLogs;
use mayfly_api::mcp::AgentSession;
use mayfly_api::route::Route;
use mayfly_api::routes::{RouteId, Services};
use mayfly_api::run::CodeRun;
use mayfly_api::usage::UsageVerified;
use mayfly_edge::{
    AgentToolCall, EdgeServices, RunCall, RunningCall, TailItem, TestCall, ToolCall, ToolEnd, WebhookReply,
};
use mayfly_runtime::{Body, Chunks, DisconnectGuard, Disconnected, Request, Response};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};

use crate::fake_socket::FakeSocket;

/// The app of `shop.apps.example`, and of `web.apps.example`.
pub(crate) const SHOP: &str = "app_0000000000sh";

/// The use cases. Clones share everything.
#[derive(Clone)]
pub(crate) struct Fake {
    inner: Arc<Inner>,
}

struct Inner {
    script: Script,
    events: mpsc::UnboundedSender<String>,
    answers: Mutex<HashMap<&'static str, Value>>,
    response: Mutex<Option<Response>>,
    disconnected: Mutex<Option<Disconnected>>,
    gate: Semaphore,
}

/// How the use cases behave.
pub(crate) struct Script {
    /// The question that is answered by 409.
    pub(crate) fails: Option<&'static str>,
    /// Handlers panic.
    pub(crate) panics: bool,
    /// Handlers wait for [`Fake::release`].
    pub(crate) held: bool,
    /// What is known of origins without a lookup.
    pub(crate) known: Option<OriginVerdict>,
    /// What a lookup finds.
    pub(crate) listed: OriginVerdict,
    /// Callers of functions are trusted.
    pub(crate) trusted: bool,
    /// The server's one app.
    pub(crate) home: Option<&'static str>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            fails: None,
            panics: false,
            held: false,
            known: None,
            listed: OriginVerdict::Unset,
            trusted: false,
            home: None,
        }
    }
}

impl Fake {
    /// Use cases that behave by `script`, and what they report.
    pub(crate) fn new(script: Script) -> (Self, mpsc::UnboundedReceiver<String>) {
        let (events, reported) = mpsc::unbounded_channel();
        let inner = Inner {
            script,
            events,
            answers: Mutex::default(),
            response: Mutex::default(),
            disconnected: Mutex::default(),
            gate: Semaphore::new(0),
        };
        (Self { inner: Arc::new(inner) }, reported)
    }

    /// Answer an endpoint.
    pub(crate) fn answer(&self, id: RouteId, answer: Value) {
        self.inner.answers.lock().unwrap().insert(id.route().name, answer);
    }

    /// Answer the next call of a function.
    pub(crate) fn respond(&self, response: Response) {
        *self.inner.response.lock().unwrap() = Some(response);
    }

    /// The disconnect signal of the last call.
    pub(crate) fn disconnected(&self) -> Disconnected {
        self.inner.disconnected.lock().unwrap().take().expect("a call was made")
    }

    /// Let one held handler go on.
    pub(crate) fn release(&self) {
        self.inner.gate.add_permits(1);
    }

    /// Report a question; an error where the script says so.
    pub(crate) fn asked(&self, question: impl Into<String>) -> ApiResult<()> {
        let question = question.into();
        let fails = self.inner.script.fails.is_some_and(|fails| question.starts_with(fails));
        // A test that has ended reads no more.
        let _ = self.inner.events.send(question);
        if fails { Err(ApiError::new(Code::ResourceConflict, "on purpose")) } else { Ok(()) }
    }

    /// Wait for [`Fake::release`].
    pub(crate) async fn held(&self) {
        self.inner.gate.acquire().await.unwrap().forget();
    }

    /// What every handler does before it answers.
    async fn serve(&self, route: &Route) -> ApiResult<()> {
        self.asked(format!("serve {}", route.name))?;
        assert!(!self.inner.script.panics, "on purpose");
        if self.inner.script.held {
            self.inner.gate.acquire().await.map_err(ApiError::internal)?.forget();
        }
        Ok(())
    }
}

impl<E: Endpoint> Handler<E> for Fake {
    async fn handle(&self, _: ApiCall<E>) -> ApiResult<E::Answer> {
        self.serve(E::route()).await?;
        let answer = self.inner.answers.lock().unwrap().get(E::route().name).cloned();
        match answer {
            Some(answer) => serde_json::from_value(answer).map_err(ApiError::internal),
            None => Err(ApiError::new(Code::StatePrerequisiteMissing, "the fake has no answer")),
        }
    }
}

macro_rules! served_by_the_fake {
    ($($resource:ident $handlers:ident),*) => {
        impl Services for Fake {
            $(
                type $handlers = Self;

                fn $resource(&self) -> &Self {
                    self
                }
            )*
        }
    };
}

served_by_the_fake! {
    health HealthHandlers, apps AppsHandlers, keys KeysHandlers, tokens TokensHandlers, env EnvHandlers,
    sql SqlHandlers, schemas SchemaHandlers, functions FunctionsHandlers, runs RunHandlers, agent_tools AgentToolHandlers, mcp_servers McpServerHandlers, triggers TriggersHandlers,
    cron CronHandlers, webhooks WebhookHandlers, queues QueueHandlers, realtime RealtimeHandlers, realtime_tables RealtimeTableHandlers, storage StorageHandlers,
    uploads UploadHandlers, logs LogsHandlers, invocations InvocationHandlers, usages UsageHandlers, policies PolicyHandlers,
    approvals ApprovalHandlers, audits AuditHandlers, mcp McpHandlers, calls CallHandlers
}

impl EdgeServices for Fake {
    type Resolved = ();
    type Authorized = bool;
    type Counted = ();
    type Permit = RateLimitStatus;
    type Running = Running;
    type Socket = FakeSocket;
    type Agent = ();
    type SessionOwner = ();

    fn host_owner(&self, host: &str) -> HostOwner {
        match host.split_once(".apps.example") {
            Some(("shop", "")) => HostOwner::App { app: SHOP.into(), function: None },
            Some(("web", "")) => HostOwner::App { app: SHOP.into(), function: Some("web".into()) },
            Some(_) => HostOwner::Unknown,
            None => HostOwner::Server,
        }
    }

    fn home_app(&self) -> Option<Arc<str>> {
        self.inner.script.home.map(Into::into)
    }

    fn known_origin(&self, _: &str, _: &str) -> Option<OriginVerdict> {
        self.inner.script.known
    }

    async fn check_origin(&self, _: &str, origin: &str) -> ApiResult<OriginVerdict> {
        self.asked(format!("check_origin {origin}"))?;
        Ok(self.inner.script.listed)
    }

    async fn resolve(&self, _: &str, _: &str, _: &Method) -> ApiResult<()> {
        self.asked("resolve")
    }

    async fn authorize_call(&self, (): (), _: &Parts) -> ApiResult<bool> {
        self.asked("authorize")?;
        Ok(self.inner.script.trusted)
    }

    fn is_trusted(trusted: &bool) -> bool {
        *trusted
    }

    async fn authorize(&self, needed: Requirement, _: Option<&str>, _: &Parts) -> ApiResult<Option<Manager>> {
        self.asked("authorize")?;
        Ok((needed != Requirement::Open).then_some(Manager::Admin))
    }

    async fn count(&self, _: &str) -> ApiResult<()> {
        self.asked("count")
    }

    async fn admit(&self, (): ()) -> ApiResult<RateLimitStatus> {
        self.asked("admit")?;
        let mut left = RateLimitStatus::default();
        left.second(10, 9);
        Ok(left)
    }

    fn rate_limit(permit: &RateLimitStatus) -> &RateLimitStatus {
        permit
    }

    async fn call(
        &self,
        _: bool,
        _: RateLimitStatus,
        _: RequestContext,
        request: Request,
        path: String,
    ) -> ApiResult<Running> {
        self.serve(RouteId::FunctionCall.route()).await?;
        let body = match request.body {
            Some(body) => body.collect(1 << 20).await.map_err(ApiError::internal)?,
            None => bytes::Bytes::new(),
        };
        let echo = format!("{} {path} {}", request.method, body.len());
        let response = self.inner.response.lock().unwrap().take();
        let response = response.unwrap_or_else(|| Response {
            status: 200,
            headers: Vec::new(),
            body: Some(echo.into()),
        });
        let (guard, disconnected) = Disconnected::pair();
        *self.inner.disconnected.lock().unwrap() = Some(disconnected);
        Ok(Running { response: Some(response), guard: Some(guard) })
    }

    async fn check_webhook(&self, _: &str, _: &str, _: &RequestContext) -> ApiResult<()> {
        self.asked("check_webhook")
    }

    async fn s3(
        &self,
        _: &str,
        _: &RequestContext,
        head: Parts,
        body: Chunks,
    ) -> ApiResult<http::Response<Body>> {
        self.serve(RouteId::S3.route()).await?;
        let mut response = http::Response::new(Body::Stream(body));
        response
            .headers_mut()
            .extend(head.headers.get("content-type").cloned().map(|value| (CONTENT_TYPE, value)));
        Ok(response)
    }

    async fn deliver_webhook(
        &self,
        _: &str,
        name: &str,
        _: RequestContext,
        request: Request,
        body: bytes::Bytes,
    ) -> ApiResult<WebhookReply> {
        self.serve(RouteId::WebhookDeliver.route()).await?;
        let echo = format!("{} {name} {} {body:?}", request.method, request.url);
        let response = Response { status: 201, headers: Vec::new(), body: Some(echo.into()) };
        Ok(WebhookReply::Function { response, guard: None, invocation_id: "inv_1".to_owned() })
    }

    async fn invoke(&self, _: TestCall<RateLimitStatus>) -> ApiResult<Invoked> {
        self.serve(RouteId::FunctionsInvoke.route()).await?;
        let invoked = json!({ "status": 200, "headers": {}, "body": null, "duration_ms": 1.0,
            "invocation_id": "inv_1", "fuel": 1, "logs": [] });
        serde_json::from_value(invoked).map_err(ApiError::internal)
    }

    async fn run_code(&self, _: RunCall<RateLimitStatus>) -> ApiResult<CodeRun> {
        self.serve(RouteId::RunCode.route()).await?;
        let ran = json!({ "status": 200, "headers": {}, "body": null, "duration_ms": 1.0, "invocation_id": "inv_1",
            "fuel": 1, "logs": [], "error": null, "background": null });
        serde_json::from_value(ran).map_err(ApiError::internal)
    }

    async fn agent(&self, _: &str, _: &Parts) -> ApiResult<()> {
        self.asked("agent")
    }

    fn key_owner(&self, _: &Manager) {}

    fn agent_owner(&self, _: &str, (): &()) {}

    fn begin_session(&self, (): &()) -> ApiResult<String> {
        Ok("begun".to_owned())
    }

    fn session(&self, (): &(), sent: &[u8]) -> ApiResult<AgentSession> {
        match sent {
            b"begun" => Ok(AgentSession("ses_1".into())),
            _ => Err(ApiError::not_found("the session")),
        }
    }

    fn in_session(&self, (): (), _: AgentSession) {}

    async fn refuse_agent_tool(&self, call: AgentToolCall<()>, error: &ApiError) -> ApiResult<()> {
        self.asked(format!("refuse {} {}", call.name, error.code().as_str()))
    }

    fn runs_code(&self, (): &()) -> bool {
        true
    }

    async fn tools_of(&self, _: &str, (): &(), _: Option<&[String]>) -> ApiResult<AgentToolList> {
        self.asked("tools")?;
        Ok(AgentToolList { tools: Vec::new(), server_tools: Vec::new(), types: String::new() })
    }

    async fn call_agent_tool(&self, call: AgentToolCall<()>) -> ApiResult<Value> {
        self.asked(format!("tool {}", call.name))?;
        Ok(json!({ "called": call.name }))
    }

    async fn verify_usage(&self, _: &str, invocation: &str, _: RateLimitStatus) -> ApiResult<UsageVerified> {
        self.serve(RouteId::UsageVerify.route()).await?;
        let invocation_id = invocation.to_owned();
        Ok(UsageVerified { invocation_id, fuel: 1, replayed_fuel: 1, matches: true, divergence: None })
    }

    async fn tail(
        &self,
        _: &str,
        _: &str,
        _: Option<u64>,
        _: TailLogs,
    ) -> ApiResult<impl Stream<Item = TailItem> + Send + 'static> {
        self.serve(RouteId::LogsStream.route()).await?;
        Ok(stream::iter([TailItem::Heartbeat]))
    }

    async fn connect(&self, _: &str, _: &Parts, _: IpAddr) -> ApiResult<FakeSocket> {
        self.asked("connect")?;
        Ok(FakeSocket::new(self.clone()))
    }

    async fn admit_tool(&self, call: ToolCall) -> ApiResult<i64> {
        self.asked(format!("admit {}", call.tool)).map(|()| 1)
    }

    async fn binds_routes(&self, _: Option<&str>) -> ApiResult<bool> {
        Ok(false)
    }

    async fn admit_route(&self, call: ToolCall) -> ApiResult<Option<i64>> {
        let _ = call;
        Ok(None)
    }

    async fn listed_tools(&self, _: &Manager, _: Option<&AgentSession>) -> ApiResult<Vec<&'static str>> {
        self.asked("list tools").map(|()| mayfly_mcp::tool_names())
    }

    async fn decide_by_client(&self, _: &Manager, id: &str, _: bool) -> ApiResult<()> {
        self.asked(format!("decide {id}"))
    }

    async fn refuse_tool(&self, call: ToolCall, error: &ApiError) -> ApiResult<()> {
        self.asked(format!("refuse {} {}", call.tool, error.code().as_str()))
    }

    async fn settle_tool(&self, number: i64, end: ToolEnd) {
        drop(self.asked(format!("settle {number} {:?}", end.error_code)));
    }

    async fn approval_by_link(&self, id: &str, _: &str) -> ApiResult<ApprovalInfo> {
        self.serve(RouteId::ApprovalPage.route()).await.map(|()| approval(id))
    }

    async fn decide_by_link(&self, id: &str, _: &str, _: bool, _: Option<&str>) -> ApiResult<ApprovalInfo> {
        self.serve(RouteId::ApprovalForm.route()).await.map(|()| approval(id))
    }

    async fn readiness(&self) -> Readiness {
        // The route has no error: what the script says does not matter here.
        let _ = self.asked("serve Ready");
        Readiness {
            status: ReadyState::Ready,
            version: "0".into(),
            subsystems: Default::default(),
            invocations_running: 0,
            records_dropped: 0,
            sessions_ended: 0,
            compile_hot: None,
        }
    }
}

/// An approval that waits.
fn approval(id: &str) -> ApprovalInfo {
    let shown = json!({ "id": id, "state": "pending", "identity": "key:key_1", "tool": "deploy_function",
        "arguments": { "code": "<b>" }, "rule": "tools.deploy_function.action",
        "requested_at": "2026-01-01T00:00:00.000Z", "expires_at": "2026-01-02T00:00:00.000Z" });
    serde_json::from_value(shown).unwrap()
}

/// An invocation whose response is there.
pub(crate) struct Running {
    response: Option<Response>,
    guard: Option<DisconnectGuard>,
}

impl RunningCall for Running {
    fn id(&self) -> &str {
        "inv_1"
    }

    async fn response(&mut self) -> ApiResult<Response> {
        self.response.take().ok_or_else(|| ApiError::internal("there is one response"))
    }

    fn disconnect_guard(&mut self) -> Option<DisconnectGuard> {
        self.guard.take()
    }
}
