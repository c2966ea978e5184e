//! What the edge asks of the use cases: traits, so that the edge is tested without a database.

use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::Stream;
use http::request::Parts;
use http::{HeaderMap, Method};
use mayfly_api::access::{Manager, Requirement};
use mayfly_api::agent_tools::AgentToolList;
use mayfly_api::approvals::ApprovalInfo;
use mayfly_api::error::rate_limit_status::RateLimitStatus;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::functions::{InvokeFunction, Invoked};
use mayfly_api::health::Readiness;
use mayfly_api::hosts::{HostOwner, OriginVerdict};
use mayfly_api::logs::{InvocationInfo, TailLogs};
use mayfly_api::mcp::AgentSession;
use mayfly_api::realtime::{SocketFrame, SocketMessage};
use mayfly_api::routes::Services;
use mayfly_api::run::{CodeRun, RunCode};
use mayfly_api::usage::UsageVerified;
use mayfly_api::webhooks::DeliveryAccepted;
use mayfly_runtime::{Body, Chunks, DisconnectGuard, Request, Response};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Map, Value};

/// Everything behind the edge. Cheap to clone.
///
/// The endpoints of the route table are [`Services`]; these are the routes whose answer is no plain JSON or that need a
/// sandbox, and what the layers ask.
pub trait EdgeServices: Services + Clone + Send + Sync + 'static {
    /// A function that a call reaches, before it is known who calls.
    type Resolved: Send + 'static;
    /// A call that may be made.
    type Authorized: Send + 'static;
    /// A request that was counted against its limits.
    type Counted: Send + 'static;
    /// The concurrency permit of one invocation.
    type Permit: Send + 'static;
    /// An invocation that runs.
    type Running: RunningCall;
    /// A client's socket.
    type Socket: SocketSession;
    /// Who calls an app's tools.
    type Agent: Clone + Send + Sync + 'static;
    /// Who has sessions, and at which endpoint.
    type SessionOwner: Send + Sync;

    /// Whose a host is, by its name in lower case. Known without asking the store.
    fn host_owner(&self, host: &str) -> HostOwner;

    /// The app of a server that has one alone.
    fn home_app(&self) -> Option<Arc<str>>;

    /// What an app's list says of an origin, when that is known without asking the store.
    fn known_origin(&self, app: &str, origin: &str) -> Option<OriginVerdict>;

    /// What an app's list says of an origin.
    fn check_origin(&self, app: &str, origin: &str) -> impl Future<Output = ApiResult<OriginVerdict>> + Send;

    /// Find the function of a call.
    fn resolve(
        &self,
        app: &str,
        path: &str,
        method: &Method,
    ) -> impl Future<Output = ApiResult<Self::Resolved>> + Send;

    /// Authorize a call, and choose the version that it runs.
    fn authorize_call(
        &self,
        resolved: Self::Resolved,
        head: &Parts,
    ) -> impl Future<Output = ApiResult<Self::Authorized>> + Send;

    /// Whether a call's caller may see stacks and timings.
    fn is_trusted(authorized: &Self::Authorized) -> bool;

    /// Authorize a management request; `None`: anyone may make it.
    fn authorize(
        &self,
        requirement: Requirement,
        app: Option<&str>,
        head: &Parts,
    ) -> impl Future<Output = ApiResult<Option<Manager>>> + Send;

    /// Count a request that will run a function of the app against its limits.
    fn count(&self, app: &str) -> impl Future<Output = ApiResult<Self::Counted>> + Send;

    /// A permit for it, as soon as there is one.
    fn admit(&self, counted: Self::Counted) -> impl Future<Output = ApiResult<Self::Permit>> + Send;

    /// What is left of the app's limits.
    fn rate_limit(permit: &Self::Permit) -> &RateLimitStatus;

    /// Run a function.
    fn call(
        &self,
        authorized: Self::Authorized,
        permit: Self::Permit,
        context: RequestContext,
        request: Request,
        path: String,
    ) -> impl Future<Output = ApiResult<Self::Running>> + Send;

    /// Refuse a delivery to a function's webhook before its body is read: 404, 503, 403.
    fn check_webhook(
        &self,
        app: &str,
        name: &str,
        context: &RequestContext,
    ) -> impl Future<Output = ApiResult<()>> + Send;

    /// Take a delivery to a function's webhook, with its body as it arrived; the request has none.
    fn deliver_webhook(
        &self,
        app: &str,
        name: &str,
        context: RequestContext,
        request: Request,
        body: Bytes,
    ) -> impl Future<Output = ApiResult<WebhookReply>> + Send;

    /// Answer a request to an app's S3 endpoint: 404 and 503 are problems, everything else is S3's.
    fn s3(
        &self,
        app: &str,
        context: &RequestContext,
        head: Parts,
        body: Chunks,
    ) -> impl Future<Output = ApiResult<http::Response<Body>>> + Send;

    /// Run a test call, and show all that it did.
    fn invoke(&self, call: TestCall<Self::Permit>) -> impl Future<Output = ApiResult<Invoked>> + Send;

    /// Run code once, and show all that it did.
    fn run_code(&self, call: RunCall<Self::Permit>) -> impl Future<Output = ApiResult<CodeRun>> + Send;

    /// Who calls an app's tools.
    fn agent(&self, app: &str, head: &Parts) -> impl Future<Output = ApiResult<Self::Agent>> + Send;

    /// Who may have sessions of the platform's tools.
    fn key_owner(&self, manager: &Manager) -> Self::SessionOwner;

    /// Who may have sessions of an app's tools.
    fn agent_owner(&self, app: &str, agent: &Self::Agent) -> Self::SessionOwner;

    /// What the client of a new session sends with each message.
    fn begin_session(&self, owner: &Self::SessionOwner) -> ApiResult<String>;

    /// The session of what a client sent.
    fn session(&self, owner: &Self::SessionOwner, sent: &[u8]) -> ApiResult<AgentSession>;

    /// The same agent in a session.
    fn in_session(&self, agent: Self::Agent, session: AgentSession) -> Self::Agent;

    /// Write down a call of an app's tool that is none.
    fn refuse_agent_tool(
        &self,
        call: AgentToolCall<Self::Agent>,
        error: &ApiError,
    ) -> impl Future<Output = ApiResult<()>> + Send;

    /// Whether it may run code of its own.
    fn runs_code(&self, agent: &Self::Agent) -> bool;

    /// The tools that it sees; of `only`, where that says which.
    fn tools_of(
        &self,
        app: &str,
        agent: &Self::Agent,
        only: Option<&[String]>,
    ) -> impl Future<Output = ApiResult<AgentToolList>> + Send;

    /// Call a function as a tool.
    fn call_agent_tool(
        &self,
        call: AgentToolCall<Self::Agent>,
    ) -> impl Future<Output = ApiResult<Value>> + Send;

    /// Run a recorded invocation again.
    fn verify_usage(
        &self,
        app: &str,
        invocation: &str,
        permit: Self::Permit,
    ) -> impl Future<Output = ApiResult<UsageVerified>> + Send;

    /// Records of a function as they come, from behind the one of that number.
    fn tail(
        &self,
        app: &str,
        name: &str,
        after: Option<u64>,
        query: TailLogs,
    ) -> impl Future<Output = ApiResult<impl Stream<Item = TailItem> + Send + 'static>> + Send;

    /// Open a socket for a client that shows who it is. Its first message waits already.
    fn connect(
        &self,
        app: &str,
        head: &Parts,
        peer: IpAddr,
    ) -> impl Future<Output = ApiResult<Self::Socket>> + Send;

    /// Let a call of a tool through, or not. Answers its number in the audit log.
    fn admit_tool(&self, call: ToolCall) -> impl Future<Output = ApiResult<i64>> + Send;

    /// The same for a request to the route behind a tool; `None`: no policy binds it.
    fn admit_route(&self, call: ToolCall) -> impl Future<Output = ApiResult<Option<i64>>> + Send;

    /// Whether a policy asks for the requests to an app's routes, too.
    fn binds_routes(&self, app: Option<&str>) -> impl Future<Output = ApiResult<bool>> + Send;

    /// The tools that a caller may call, at least with some arguments.
    fn listed_tools(
        &self,
        manager: &Manager,
        session: Option<&AgentSession>,
    ) -> impl Future<Output = ApiResult<Vec<&'static str>>> + Send;

    /// Decide an approval in the name of the client's user, who was asked.
    fn decide_by_client(
        &self,
        manager: &Manager,
        id: &str,
        approve: bool,
    ) -> impl Future<Output = ApiResult<()>> + Send;

    /// Write down a call of a tool that is none.
    fn refuse_tool(&self, call: ToolCall, error: &ApiError) -> impl Future<Output = ApiResult<()>> + Send;

    /// Write down how a call of a tool ended.
    fn settle_tool(&self, number: i64, end: ToolEnd) -> impl Future<Output = ()> + Send;

    /// The approval that a link is for.
    fn approval_by_link(&self, id: &str, token: &str)
    -> impl Future<Output = ApiResult<ApprovalInfo>> + Send;

    /// Decide an approval by a link.
    fn decide_by_link(
        &self,
        id: &str,
        token: &str,
        approve: bool,
        reason: Option<&str>,
    ) -> impl Future<Output = ApiResult<ApprovalInfo>> + Send;

    /// Whether this node can work.
    fn readiness(&self) -> impl Future<Output = Readiness> + Send;
}

/// An invocation that runs.
pub trait RunningCall: Send {
    /// Its id.
    fn id(&self) -> &str;

    /// The function's response, or what to tell its caller instead. Comes before the background phase ends.
    fn response(&mut self) -> impl Future<Output = ApiResult<Response>> + Send;

    /// Held until the response is sent; dropped before, it tells the function that the client disconnected.
    fn disconnect_guard(&mut self) -> Option<DisconnectGuard>;
}

/// A client's socket. Cheap to clone.
pub trait SocketSession: Clone + Send + Sync + 'static {
    /// Do what a frame asks for.
    fn receive(self, frame: SocketFrame) -> impl Future<Output = ()> + Send + 'static;

    /// The next message for the client, as soon as there is one; after a close there is none. Dropped before its end, it
    /// has taken nothing.
    fn next(&self) -> impl Future<Output = SocketMessage> + Send;

    /// Ends when more messages came than may wait: the next one is the close.
    fn overflowed(&self) -> impl Future<Output = ()> + Send;

    /// Say that the server is there.
    fn heartbeat(&self);

    /// Watch over the client's right to be here: a close comes where it ends.
    fn watch(self) -> impl Future<Output = ()> + Send + 'static;

    /// The socket is over.
    fn end(&self) -> impl Future<Output = ()> + Send;
}

/// A call of a tool, before it runs.
#[derive(Debug)]
pub struct ToolCall {
    /// Who calls; `None`: the caller may not do this.
    pub manager: Option<Manager>,
    /// In which session.
    pub session: Option<AgentSession>,
    /// The app that it is about.
    pub app: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The request.
    pub request_id: Arc<str>,
}

/// How a call of a tool ended.
#[derive(Debug)]
pub struct ToolEnd {
    /// The code of its failure; `None`: it succeeded.
    pub error_code: Option<String>,
    /// The invocation, where a function ran.
    pub invocation_id: Option<String>,
}

/// A test call.
#[derive(Debug)]
pub struct TestCall<P> {
    /// The app.
    pub app: String,
    /// The function.
    pub name: String,
    /// Who manages the app.
    pub manager: Manager,
    /// The request's headers: they may name a version and a user.
    pub headers: HeaderMap,
    /// What to send.
    pub wanted: InvokeFunction,
    /// The function's URL.
    pub url: String,
    /// The request that it belongs to.
    pub context: RequestContext,
    /// Its permit.
    pub permit: P,
}

/// Code that runs once.
#[derive(Debug)]
pub struct RunCall<P> {
    /// The app.
    pub app: String,
    /// Who manages the app.
    pub manager: Manager,
    /// In which session of an agent's.
    pub session: Option<AgentSession>,
    /// The request's headers: they may name a user.
    pub headers: HeaderMap,
    /// What to run.
    pub wanted: RunCode,
    /// The address that callers use.
    pub base: String,
    /// The request that it belongs to.
    pub context: RequestContext,
    /// Its permit.
    pub permit: P,
}

/// A call of a function as a tool.
#[derive(Debug)]
pub struct AgentToolCall<A> {
    /// The app.
    pub app: String,
    /// Who calls.
    pub agent: A,
    /// The function.
    pub name: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The tools that the client wants; `None`: all.
    pub only: Option<Arc<[String]>>,
    /// The request that it belongs to.
    pub context: RequestContext,
}

/// What a delivery to a webhook is answered with.
#[derive(Debug)]
pub enum WebhookReply {
    /// The function's response.
    Function {
        /// The response.
        response: Response,
        /// Held until it is sent.
        guard: Option<DisconnectGuard>,
        /// The invocation.
        invocation_id: String,
    },
    /// What a provider is told that asks about the URL.
    Host {
        /// The status.
        status: u16,
        /// JSON.
        body: Option<Value>,
    },
    /// It runs later.
    Accepted(DeliveryAccepted),
    /// It succeeded before.
    Duplicate(DeliveryAccepted),
}

/// What a live tail says.
#[derive(Debug)]
pub enum TailItem {
    /// A record, and the number to go on behind it.
    Record(u64, Box<InvocationInfo>),
    /// Nothing came for a while.
    Heartbeat,
}
