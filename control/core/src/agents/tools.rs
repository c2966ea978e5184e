//! Functions as tools of agents: listed, checked by their schemas, admitted by the policies, run as who calls.

mod types;

use std::sync::Arc;
use std::time::Instant;

use mayfly_api::agent_tools::{AgentToolInfo, AgentToolList, ServerToolInfo};
use mayfly_api::decode::has_few_values;
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::functions::{AgentToolExposure, AgentToolMode};
use mayfly_api::routes::AgentToolsList;
use mayfly_api::scope::Scope;
use mayfly_policy::{AGENT_TOOL_PREFIX, SERVER_TOOL_PREFIX};
use mayfly_runtime::providers::BoxFuture;
use mayfly_runtime::{CollectError, Request, Response};
use mayfly_store::Store;
use mayfly_telemetry::request::RequestContext;
use serde_json::{Map, Value, json};

use super::Agents;
use super::gate::{AgentCall, AgentCaller, CallOutcome};
use super::servers::{ApprovedTool, ServerCalls, ToolServers};
use crate::admission::Admission;
use crate::auth::AppAgent;
use crate::functions::{CachedFunction, FunctionCache, choose_version};
use crate::invoke::{
    Allowance, Invocation, InvocationScope, InvocationTerms, Invoker, Running, ToolCalls, TriggerEvent,
};

/// Bytes of a tool's result.
const RESULT_BYTES_MAX: usize = 1 << 20;

/// The use case. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AgentTools(Arc<AgentToolParts>);

/// What [`AgentTools`] works with.
#[derive(Debug)]
pub struct AgentToolParts {
    /// The platform's tables.
    pub store: Store,
    /// Finds functions.
    pub functions: FunctionCache,
    /// The app's limits count for its tools, too.
    pub admission: Admission,
    /// Runs functions.
    pub invoker: Invoker,
    /// Policies, approvals and the audit log.
    pub agents: Agents,
    /// Tools of other MCP servers.
    pub servers: ToolServers,
    /// The address that callers use, without a slash at its end.
    pub base: Arc<str>,
}

/// A call of a function as a tool.
#[derive(Debug)]
pub struct AppToolCall {
    /// The app.
    pub app: String,
    /// Who calls.
    pub agent: AppAgent,
    /// The function.
    pub name: String,
    /// What it is given.
    pub arguments: Map<String, Value>,
    /// The tools that the client wants; `None`: all.
    pub only: Option<Arc<[String]>>,
    /// The request that it belongs to.
    pub context: RequestContext,
    /// The run whose `tools` it is.
    pub within: Option<Arc<InvocationScope>>,
}

impl AgentTools {
    /// Over these parts.
    pub fn new(parts: AgentToolParts) -> Self {
        Self(Arc::new(parts))
    }

    /// The tools that this agent sees, by name; of those that it wants, where it says which. What the policies always deny
    /// it is not among them.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn list(
        &self,
        app: &str,
        agent: &AppAgent,
        only: Option<&[String]>,
    ) -> ApiResult<AgentToolList> {
        let mut tools = self.all(app).await?;
        tools.retain(|tool| is_visible(agent, tool.exposed_to) && is_wanted(only, &tool.name));
        let name = |tool: &AgentToolInfo| format!("{AGENT_TOOL_PREFIX}{}", tool.name);
        let (caller, session) = (agent_caller(agent), agent.session.as_ref());
        self.0.agents.retain_allowed(Some(app), &caller, session, &mut tools, name).await?;
        // Only code that a key runs has them.
        let mut of_servers = match agent.has(Scope::Run) && has_servers(agent) {
            true => self.of_servers(app).await?,
            false => Vec::new(),
        };
        of_servers.retain(|(server, tool)| is_wanted_of(only, server, &tool.name));
        let name = |(server, tool): &(String, ApprovedTool)| server_tool(&format!("{server}/{}", tool.name));
        self.0.agents.retain_allowed(Some(app), &caller, session, &mut of_servers, name).await?;
        Ok(shown(tools, &of_servers))
    }

    /// The tools of other servers as they were approved.
    async fn of_servers(&self, app: &str) -> ApiResult<Vec<(String, ApprovedTool)>> {
        let servers = self.0.servers.approved(app).await?;
        let tools = servers
            .into_iter()
            .flat_map(|(server, tools)| tools.into_iter().map(move |tool| (server.clone(), tool)));
        Ok(tools.collect())
    }

    async fn all(&self, app: &str) -> ApiResult<Vec<AgentToolInfo>> {
        let functions = self.0.store.functions().list(app).await?;
        let of_agents = functions.into_iter().filter(|function| function.settings.agent_tool);
        Ok(of_agents
            .map(|function| AgentToolInfo {
                name: function.name,
                description: function.settings.agent_tool_description.or(function.description),
                mode: function.settings.agent_tool_mode,
                exposed_to: function.settings.agent_tool_exposed_to,
                input: function.settings.agent_tool_input,
                output: function.settings.agent_tool_output,
            })
            .collect())
    }

    /// What `tools` of code that runs once calls: these, or with `None` all that the agent sees.
    pub(crate) fn for_run(
        &self,
        app: &str,
        agent: &AppAgent,
        only: Option<Vec<String>>,
    ) -> Arc<dyn ToolCalls> {
        let only = only.map(Into::into);
        let servers = ServerCalls::new(self.0.servers.clone(), self.0.agents.clone());
        Arc::new(RunTools { tools: self.clone(), servers, app: app.to_owned(), agent: agent.clone(), only })
    }

    /// Call a function as a tool. Whatever comes of it is in the audit log.
    ///
    /// # Errors
    /// Why there is no result; where the function ran, the error names the invocation.
    pub async fn call(&self, call: AppToolCall) -> ApiResult<Value> {
        let is_trusted = call.agent.manager.is_some();
        let result = match self.admitted(&call).await {
            Err(error) => Err(error),
            Ok((function, number)) => {
                let (result, invocation_id) = self.run(&call, function).await;
                let error_code = result.as_ref().err().map(|error| error.code().as_str().to_owned());
                self.0.agents.settle(number, CallOutcome { error_code, invocation_id }).await;
                result
            }
        };
        let shown = |error: ApiError| if is_trusted { error.for_trusted(String::new()) } else { error };
        result.map_err(shown)
    }

    /// Write down a call that is none.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn refuse(&self, call: &AppToolCall, error: &ApiError) -> ApiResult<()> {
        self.0.agents.refuse(&asked_by(call), error).await
    }

    /// The function of a call that may be made, and the call's number in the audit log.
    async fn admitted(&self, call: &AppToolCall) -> ApiResult<(Arc<CachedFunction>, i64)> {
        let found = self.found(call).await;
        let needs_approval = found
            .as_ref()
            .is_ok_and(|function| function.function.settings.agent_tool_mode == AgentToolMode::ReadWrite);
        let asked = AgentCall { needs_approval, ..asked_by(call) };
        match found {
            Ok(function) => Ok((function, self.0.agents.admit(&asked).await?)),
            Err(error) => {
                self.0.agents.refuse(&asked, &error).await?;
                Err(error)
            }
        }
    }

    async fn found(&self, call: &AppToolCall) -> ApiResult<Arc<CachedFunction>> {
        let found = match mayfly_api::names::is_function_name(&call.name) {
            true => self.0.functions.by_name(&call.app, &call.name).await?,
            false => None,
        };
        let is_there = |function: &Arc<CachedFunction>| {
            let settings = &function.function.settings;
            settings.agent_tool
                && is_visible(&call.agent, settings.agent_tool_exposed_to)
                && is_wanted(call.only.as_deref(), &call.name)
        };
        let function = found.filter(is_there);
        let function = function.ok_or_else(|| ApiError::not_found(format!("the tool `{}`", call.name)))?;
        function.check_paused()?;
        let acts_as_user = call.agent.manager.is_some() && call.agent.caller.user_id.is_some();
        if acts_as_user && !function.function.settings.allow_service_key_impersonation {
            let text = "this function does not let a service key act as a user";
            return Err(ApiError::new(Code::AuthImpersonationDisabled, text));
        }
        function.tool()?.check_input(&call.arguments)?;
        Ok(function)
    }

    async fn run(
        &self,
        call: &AppToolCall,
        function: Arc<CachedFunction>,
    ) -> (ApiResult<Value>, Option<String>) {
        let mut running = match self.start(call, Arc::clone(&function)).await {
            Ok(running) => running,
            Err(error) => return (Err(error), None),
        };
        let id = running.id.clone();
        let result = match running.response_apart().await {
            Ok(response) => result_of(response, &function).await,
            Err(error) => Err(error),
        };
        if let Some(guard) = running.disconnect_guard() {
            guard.served();
        }
        (result.map_err(|error| error.of_invocation(id.as_str())), Some(id))
    }

    async fn start(&self, call: &AppToolCall, function: Arc<CachedFunction>) -> ApiResult<Running> {
        let AppToolCall { app, agent, name, arguments, context, within, .. } = call;
        let counted = self.0.admission.count(app).await?;
        let permit = self.0.admission.enter(counted).await?.slot;
        let body = serde_json::to_vec(arguments).map_err(ApiError::internal)?;
        let path = format!("/v1/{app}/fn/{name}");
        let request = Request {
            method: "POST".to_owned(),
            url: format!("{}{path}", self.0.base),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Some(body.into()),
        };
        let mode = function.function.settings.agent_tool_mode;
        let event = json!({ "tool": name, "mode": mode });
        let invocation = Invocation {
            function: choose_version(function, agent.caller.user_id.as_deref()),
            request,
            path,
            caller: agent.caller.clone(),
            identity: agent.identity.clone(),
            trigger: TriggerEvent::tool(event).map_err(ApiError::internal)?,
            context: RequestContext { received_at: Instant::now(), ..context.clone() },
            permit,
            parent: within.clone(),
            terms: InvocationTerms { allowance: Allowance::of_tool(mode), ..InvocationTerms::default() },
        };
        self.0.invoker.start(invocation).await
    }
}

impl Handler<AgentToolsList> for AgentTools {
    async fn handle(&self, call: ApiCall<AgentToolsList>) -> ApiResult<AgentToolList> {
        let app = &call.context.app;
        Ok(shown(self.all(app).await?, &self.of_servers(app).await?))
    }
}

/// `tools` of one run.
#[derive(Debug)]
struct RunTools {
    tools: AgentTools,
    servers: ServerCalls,
    app: String,
    agent: AppAgent,
    only: Option<Arc<[String]>>,
}

impl ToolCalls for RunTools {
    fn call(
        self: Arc<Self>,
        name: String,
        arguments: Map<String, Value>,
        within: Arc<InvocationScope>,
    ) -> BoxFuture<'static, ApiResult<Value>> {
        Box::pin(async move {
            if name.contains('/') {
                return self.call_server(&name, arguments, &within).await;
            }
            let call = AppToolCall {
                app: self.app.clone(),
                agent: self.agent.clone(),
                name,
                arguments,
                only: self.only.clone(),
                context: within.context().clone(),
                within: Some(within),
            };
            self.tools.call(call).await
        })
    }
}

/// A call as the gate and the audit log have it.
fn asked_by(call: &AppToolCall) -> AgentCall {
    AgentCall {
        caller: Some(agent_caller(&call.agent)),
        session: call.agent.session.clone(),
        app: Some(call.app.clone()),
        tool: format!("{AGENT_TOOL_PREFIX}{}", call.name),
        arguments: call.arguments.clone(),
        request_id: Arc::clone(&call.context.id),
        definition: None,
        needs_approval: false,
    }
}

impl RunTools {
    /// A call of another server's tool.
    async fn call_server(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        within: &InvocationScope,
    ) -> ApiResult<Value> {
        let call = AgentCall {
            caller: Some(agent_caller(&self.agent)),
            session: self.agent.session.clone(),
            app: Some(self.app.clone()),
            tool: server_tool(name),
            arguments,
            request_id: Arc::clone(&within.context().id),
            definition: None,
            needs_approval: true,
        };
        let is_there = name.split_once('/').is_some_and(|(server, tool)| {
            has_servers(&self.agent) && is_wanted_of(self.only.as_deref(), server, tool)
        });
        if !is_there {
            let error = ApiError::not_found(format!("the tool `{}`", mayfly_mcp_proxy::visible(name)));
            self.tools.0.agents.refuse(&call, &error).await?;
            return Err(error);
        }
        let result = self.servers.call(call, within.id()).await;
        result.map_err(|error| error.for_trusted(String::new()))
    }
}

/// The name by which policies and the audit log know a server's tool.
fn server_tool(name: &str) -> String {
    format!("{SERVER_TOOL_PREFIX}{name}")
}

/// Other servers know the app and none of its users: code that runs as one has no tools of theirs.
fn has_servers(agent: &AppAgent) -> bool {
    agent.manager.is_some() && agent.caller.user_id.is_none()
}

fn is_wanted_of(only: Option<&[String]>, server: &str, tool: &str) -> bool {
    only.is_none_or(|only| {
        only.iter().any(|wanted| {
            wanted.split_once('/').is_some_and(|(of, name)| of == server && (name == "*" || name == tool))
        })
    })
}

fn shown(tools: Vec<AgentToolInfo>, of_servers: &[(String, ApprovedTool)]) -> AgentToolList {
    let server_tools = of_servers.iter().map(|(server, tool)| ServerToolInfo {
        server: server.clone(),
        name: tool.name.clone(),
        description: tool.description.clone(),
        class: tool.class.clone(),
    });
    AgentToolList {
        types: types::declaration(&tools, of_servers),
        server_tools: server_tools.collect(),
        tools,
    }
}

fn is_visible(agent: &AppAgent, exposed_to: AgentToolExposure) -> bool {
    agent.manager.is_some() || exposed_to == AgentToolExposure::EndUser
}

fn is_wanted(only: Option<&[String]>, name: &str) -> bool {
    only.is_none_or(|only| only.iter().any(|wanted| wanted == name))
}

pub(super) fn agent_caller(agent: &AppAgent) -> AgentCaller {
    match (&agent.manager, &agent.caller.user_id) {
        (Some(manager), _) => AgentCaller::Manager(manager.clone()),
        (None, user) => AgentCaller::EndUser(user.clone().unwrap_or_default()),
    }
}

async fn result_of(response: Response, function: &CachedFunction) -> ApiResult<Value> {
    let Response { status, headers, body } = response;
    let is_json = headers.iter().any(|(name, value)| name == "content-type" && value.contains("json"));
    let bytes = match body {
        None => None,
        Some(body) => Some(body.collect(RESULT_BYTES_MAX).await.map_err(|error| {
            let code = match error {
                CollectError::TooLarge(_) => Code::FunctionOutputLimit,
                CollectError::Broken(_) => Code::FunctionThrew,
            };
            ApiError::new(code, error.to_string())
        })?),
    };
    let parsed = bytes
        .as_deref()
        .filter(|bytes| is_json && has_few_values(bytes))
        .and_then(|bytes| serde_json::from_slice(bytes).ok());
    let text = || bytes.as_deref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let value: Value = parsed.unwrap_or_else(|| json!(text()));
    if status >= 400 {
        let error = ApiError::new(Code::FunctionStatus, format!("the tool answered with status {status}"));
        return Err(error.with_details(json!({ "status": status, "body": value })));
    }
    function.tool()?.check_output(&value)?;
    Ok(value)
}
