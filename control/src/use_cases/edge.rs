//! How the edge reaches the use cases: what is no plain endpoint.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::Method;
use http::request::Parts;
use mayfly_api::access::{Manager, Requirement};
use mayfly_api::agent_tools::AgentToolList;
use mayfly_api::approvals::ApprovalInfo;
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::functions::Invoked;
use mayfly_api::health::Readiness;
use mayfly_api::hosts::{HostOwner, OriginVerdict};
use mayfly_api::logs::TailLogs;
use mayfly_api::mcp::AgentSession;
use mayfly_api::run::CodeRun;
use mayfly_api::scope::Scope;
use mayfly_api::usage::UsageVerified;
use mayfly_core::admission::{Counted, Permit};
use mayfly_core::agents::{AgentCall, AgentCaller, AppToolCall, CallOutcome, SessionOwner};
use mayfly_core::auth::{AppAgent, CallAccess};
use mayfly_core::functions::ResolvedCall;
use mayfly_core::invoke::{Invocation, InvocationTerms, TriggerEvent};
use mayfly_core::logs::{TailEvent, info, tail_filter};
use mayfly_core::runs::RunTarget;
use mayfly_core::test_call::TestTarget;
use mayfly_core::triggers::webhook::{FunctionAnswer, HostAnswer, WebhookAnswer};
use mayfly_edge::{
    AgentToolCall, EdgeServices, RunCall, TailItem, TestCall, ToolCall, ToolEnd, WebhookReply,
};
use mayfly_runtime::{Body, Chunks, Request};
use mayfly_telemetry::request::RequestContext;
use serde_json::Value;

use crate::running::RunningInvocation;

use super::UseCases;
use super::client_socket::ClientSocket;

impl EdgeServices for UseCases {
    type Resolved = ResolvedCall;
    type Authorized = CallAccess;
    type Counted = Counted;
    type Permit = Permit;
    type Running = RunningInvocation;
    type Socket = ClientSocket;
    type Agent = AppAgent;
    type SessionOwner = SessionOwner;

    fn host_owner(&self, host: &str) -> HostOwner {
        self.apps.hosts.owner(host)
    }

    fn home_app(&self) -> Option<Arc<str>> {
        self.apps.hosts.home()
    }

    fn known_origin(&self, app: &str, origin: &str) -> Option<OriginVerdict> {
        self.admission.apps.peek(app).map(|app| app.config.cors_origins.check(origin))
    }

    async fn check_origin(&self, app: &str, origin: &str) -> ApiResult<OriginVerdict> {
        let found = self.admission.apps.find(app).await?;
        Ok(found.map_or(OriginVerdict::Unset, |app| app.config.cors_origins.check(origin)))
    }

    async fn resolve(&self, app: &str, path: &str, method: &Method) -> ApiResult<ResolvedCall> {
        self.resolver.resolve(app, path, method).await
    }

    async fn authorize_call(&self, resolved: ResolvedCall, head: &Parts) -> ApiResult<CallAccess> {
        self.authenticator.check_call(resolved, head).await
    }

    fn is_trusted(authorized: &CallAccess) -> bool {
        authorized.is_trusted()
    }

    async fn authorize(
        &self,
        requirement: Requirement,
        app: Option<&str>,
        head: &Parts,
    ) -> ApiResult<Option<Manager>> {
        self.authenticator.check(requirement, app, head).await
    }

    async fn count(&self, app: &str) -> ApiResult<Counted> {
        self.admission.count(app).await
    }

    async fn admit(&self, counted: Counted) -> ApiResult<Permit> {
        self.admission.enter(counted).await
    }

    fn rate_limit(permit: &Permit) -> &RateLimitStatus {
        &permit.rate_limit
    }

    async fn call(
        &self,
        authorized: CallAccess,
        permit: Permit,
        context: RequestContext,
        request: Request,
        path: String,
    ) -> ApiResult<RunningInvocation> {
        let CallAccess { function, caller, identity } = authorized;
        let (trigger, permit) = (TriggerEvent::Http, permit.slot);
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
        self.invoker.call(invocation).await.map(RunningInvocation::from)
    }

    async fn check_webhook(&self, app: &str, name: &str, context: &RequestContext) -> ApiResult<()> {
        self.0.webhooks.check(app, name, context).await
    }

    async fn deliver_webhook(
        &self,
        app: &str,
        name: &str,
        context: RequestContext,
        request: Request,
        body: Bytes,
    ) -> ApiResult<WebhookReply> {
        Ok(match self.0.webhooks.deliver(app, name, context, request, body).await? {
            WebhookAnswer::Function(FunctionAnswer { response, guard, invocation_id }) => {
                WebhookReply::Function { response, guard, invocation_id }
            }
            WebhookAnswer::Host(HostAnswer { status, body }) => WebhookReply::Host { status, body },
            WebhookAnswer::Accepted(accepted) => WebhookReply::Accepted(accepted),
            WebhookAnswer::Duplicate(accepted) => WebhookReply::Duplicate(accepted),
        })
    }

    async fn s3(
        &self,
        app: &str,
        context: &RequestContext,
        head: Parts,
        body: Chunks,
    ) -> ApiResult<http::Response<Body>> {
        self.0.storage.serve(app, &context.id, head, body).await
    }

    async fn invoke(&self, call: TestCall<Permit>) -> ApiResult<Invoked> {
        let TestCall { app, name, manager, headers, wanted, url, context, permit } = call;
        let target = TestTarget { app: &app, name: &name, url: &url, manager: &manager, headers: &headers };
        self.test_calls.run(target, wanted, context, permit.slot).await
    }

    async fn run_code(&self, call: RunCall<Permit>) -> ApiResult<CodeRun> {
        let RunCall { app, manager, session, headers, wanted, base, context, permit } = call;
        let url = format!("{base}/v1/{app}/run");
        let target =
            RunTarget { app: &app, url: &url, base: &base, manager: &manager, session, headers: &headers };
        self.0.runs.run(target, wanted, context, permit.slot).await
    }

    async fn agent(&self, app: &str, head: &Parts) -> ApiResult<AppAgent> {
        self.authenticator.check_agent(app, head).await
    }

    fn key_owner(&self, manager: &Manager) -> SessionOwner {
        SessionOwner::of_key(manager)
    }

    fn agent_owner(&self, app: &str, agent: &AppAgent) -> SessionOwner {
        SessionOwner::of_app(app, agent)
    }

    fn begin_session(&self, owner: &SessionOwner) -> ApiResult<String> {
        self.agents.begin_session(owner)
    }

    fn session(&self, owner: &SessionOwner, sent: &[u8]) -> ApiResult<AgentSession> {
        self.agents.session(owner, sent)
    }

    fn in_session(&self, agent: AppAgent, session: AgentSession) -> AppAgent {
        AppAgent { session: Some(session), ..agent }
    }

    async fn refuse_agent_tool(&self, call: AgentToolCall<AppAgent>, error: &ApiError) -> ApiResult<()> {
        let AgentToolCall { app, agent, name, arguments, only, context } = call;
        let call = AppToolCall { app, agent, name, arguments, only, context, within: None };
        self.0.agent_tools.refuse(&call, error).await
    }

    fn runs_code(&self, agent: &AppAgent) -> bool {
        agent.has(Scope::Run)
    }

    async fn tools_of(
        &self,
        app: &str,
        agent: &AppAgent,
        only: Option<&[String]>,
    ) -> ApiResult<AgentToolList> {
        self.0.agent_tools.list(app, agent, only).await
    }

    async fn call_agent_tool(&self, call: AgentToolCall<AppAgent>) -> ApiResult<Value> {
        let AgentToolCall { app, agent, name, arguments, only, context } = call;
        let call = AppToolCall { app, agent, name, arguments, only, context, within: None };
        self.0.agent_tools.call(call).await
    }

    async fn verify_usage(&self, app: &str, invocation: &str, permit: Permit) -> ApiResult<UsageVerified> {
        self.verify.invocation(app, invocation, permit.slot).await
    }

    async fn tail(
        &self,
        app: &str,
        name: &str,
        after: Option<u64>,
        query: TailLogs,
    ) -> ApiResult<impl Stream<Item = TailItem> + Send + 'static> {
        let tail = self.0.logs.tail(app, name, after, tail_filter(&query)?).await?;
        Ok(stream::unfold(tail, |mut tail| async move {
            let item = match tail.next().await? {
                TailEvent::Record(number, record) => TailItem::Record(number, Box::new(info(*record))),
                TailEvent::Heartbeat => TailItem::Heartbeat,
            };
            Some((item, tail))
        }))
    }

    async fn connect(&self, app: &str, head: &Parts, peer: IpAddr) -> ApiResult<ClientSocket> {
        self.websockets.connect(app, head, peer).await.map(ClientSocket)
    }

    async fn admit_tool(&self, call: ToolCall) -> ApiResult<i64> {
        self.agents.admit(&agent_call(call)).await
    }

    async fn binds_routes(&self, app: Option<&str>) -> ApiResult<bool> {
        self.agents.binds_routes(app).await
    }

    async fn admit_route(&self, call: ToolCall) -> ApiResult<Option<i64>> {
        self.agents.admit_route(&agent_call(call)).await
    }

    async fn listed_tools(
        &self,
        manager: &Manager,
        session: Option<&AgentSession>,
    ) -> ApiResult<Vec<&'static str>> {
        self.agents.listed(&AgentCaller::Manager(manager.clone()), session).await
    }

    async fn decide_by_client(&self, manager: &Manager, id: &str, approve: bool) -> ApiResult<()> {
        self.agents.decide_by_client(&AgentCaller::Manager(manager.clone()), id, approve).await
    }

    async fn refuse_tool(&self, call: ToolCall, error: &ApiError) -> ApiResult<()> {
        self.agents.refuse(&agent_call(call), error).await
    }

    async fn settle_tool(&self, number: i64, end: ToolEnd) {
        let ToolEnd { error_code, invocation_id } = end;
        self.agents.settle(number, CallOutcome { error_code, invocation_id }).await;
    }

    async fn approval_by_link(&self, id: &str, token: &str) -> ApiResult<ApprovalInfo> {
        self.agents.approval_by_link(id, token).await
    }

    async fn decide_by_link(
        &self,
        id: &str,
        token: &str,
        approve: bool,
        reason: Option<&str>,
    ) -> ApiResult<ApprovalInfo> {
        self.agents.decide_by_link(id, token, approve, reason).await
    }

    async fn readiness(&self) -> Readiness {
        self.0.health.readiness().await
    }
}

fn agent_call(call: ToolCall) -> AgentCall {
    let ToolCall { manager, session, app, tool, arguments, request_id } = call;
    AgentCall {
        caller: manager.map(AgentCaller::Manager),
        session,
        app,
        tool,
        arguments,
        request_id,
        definition: None,
        needs_approval: false,
    }
}
