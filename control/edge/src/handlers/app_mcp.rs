//! `POST /mcp/{app}`: a message of the Model Context Protocol about an app's own tools.

use std::sync::Arc;

use mayfly_api::agent_tools::{AgentToolInfo, NarrowTools};
use mayfly_api::decode;
use mayfly_api::error::{ApiResult, problem};
use mayfly_api::functions::AgentToolMode;
use mayfly_api::tool_schema::ToolSchema;
use mayfly_mcp::{AppTool, AppToolHost, AppToolOutcome, AppToolset, McpService};
use mayfly_telemetry::request::RequestContext;
use serde_json::{Map, Value, json};

use super::mcp::{Caller, reply_of};
use super::mcp_session;
use crate::Edge;
use crate::loopback::Loopback;
use crate::reply::Reply;
use crate::services::{AgentToolCall, EdgeServices};
use crate::stage::Managed;

pub(crate) async fn serve<S: EdgeServices>(
    edge: &Edge<S>,
    loopback: Loopback,
    request: Managed,
) -> ApiResult<Reply> {
    let Managed { context, head, body, found, manager } = request;
    let app: Arc<str> = found.app.unwrap_or_default().into();
    let NarrowTools { functions } = decode::query(head.uri.query().unwrap_or_default())?;
    let only = functions.map(|names| {
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    });
    let agent = edge.services.agent(&app, &head).await?;
    let owner = edge.services.agent_owner(&app, &agent);
    let sent = match mcp_session::sent(&edge.services, &owner, &head.headers, &body) {
        Ok(sent) => sent,
        Err(error) => {
            if let Some((name, arguments)) = mcp_session::called(&body) {
                let app = app.to_string();
                let call = AgentToolCall { app, agent, name, arguments, only: None, context };
                edge.services.refuse_agent_tool(call, &error).await?;
            }
            return Err(error);
        }
    };
    let session = sent.session().cloned();
    let agent = match &session {
        Some(session) => edge.services.in_session(agent, session.clone()),
        None => agent,
    };
    let routes = match edge.services.runs_code(&agent) {
        true => {
            let mut caller = Caller::new(edge, loopback, manager, &head.headers, &context)?;
            caller.session = session;
            Some(caller.acting_as(&head.headers))
        }
        false => None,
    };
    let host = AppCaller {
        services: edge.services.clone(),
        app,
        agent,
        routes,
        context,
        base: edge.base.as_str().into(),
    };
    Ok(sent.answered(reply_of(McpService::serve_app(host, only, head, body).await).await?))
}

/// The caller of an app's tools.
#[derive(Clone)]
struct AppCaller<S: EdgeServices> {
    services: S,
    app: Arc<str>,
    agent: S::Agent,
    /// For `run_code`.
    routes: Option<Caller<S>>,
    context: RequestContext,
    base: Arc<str>,
}

impl<S: EdgeServices> AppToolHost for AppCaller<S> {
    type Routes = Caller<S>;

    fn app(&self) -> &str {
        &self.app
    }

    async fn tools(&self, only: Option<&[String]>) -> ApiResult<AppToolset> {
        let list = self.services.tools_of(&self.app, &self.agent, only).await?;
        Ok(AppToolset { tools: list.tools.into_iter().map(shown).collect(), types: list.types })
    }

    async fn call(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        only: Option<&[String]>,
    ) -> AppToolOutcome {
        let call = AgentToolCall {
            app: self.app.to_string(),
            agent: self.agent.clone(),
            name: name.to_owned(),
            arguments,
            only: only.map(Into::into),
            context: self.context.clone(),
        };
        match self.services.call_agent_tool(call).await {
            Ok(result) => AppToolOutcome::Done(result),
            Err(error) => AppToolOutcome::Failed(problem(&error, &self.context.id, &self.base)),
        }
    }

    fn routes(&self) -> Option<&Caller<S>> {
        self.routes.as_ref()
    }
}

fn shown(tool: AgentToolInfo) -> AppTool {
    let members = |schema: ToolSchema| schema.members().clone();
    AppTool {
        name: tool.name,
        description: tool.description,
        input: tool.input.map(members).unwrap_or_default(),
        // What is no object is a text to a client, of which no schema speaks.
        output: tool.output.map(members).filter(|schema| schema.get("type") == Some(&json!("object"))),
        read_only: tool.mode == AgentToolMode::ReadOnly,
    }
}
