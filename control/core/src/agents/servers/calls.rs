//! Calls of servers' tools within one run of code: each passes the pin, the policies, approvals, counters and the audit log.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError};

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_mcp_proxy::ToolServerError;
use mayfly_policy::SERVER_TOOL_PREFIX;
use mayfly_store::McpServerRow;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::ToolServers;
use super::approved::{ApprovedTool, tools_of};
use super::connect::{OpenServer, failed};
use crate::agents::Agents;
use crate::agents::gate::{AgentCall, CallOutcome};

/// Calls of servers' tools in one run.
const CALLS_MAX: u32 = 100;
/// Bytes of a result.
const RESULT_BYTES_MAX: usize = 1 << 20;

/// The place of one connection.
type Place = Arc<Mutex<Option<Arc<OpenServer>>>>;

/// The calls of one run, and its connections: they end with it, and are shared with no other.
#[derive(Debug)]
pub(in crate::agents) struct ServerCalls {
    servers: ToolServers,
    agents: Agents,
    calls: AtomicU32,
    open: std::sync::Mutex<HashMap<String, Place>>,
}

impl ServerCalls {
    pub(in crate::agents) fn new(servers: ToolServers, agents: Agents) -> Self {
        Self { servers, agents, calls: AtomicU32::new(0), open: std::sync::Mutex::default() }
    }

    /// Call a tool; `call.tool` is as policies name it. `within` is the run.
    pub(in crate::agents) async fn call(&self, call: AgentCall, within: &str) -> ApiResult<Value> {
        let app = call.app.clone().unwrap_or_default();
        let name = call.tool.strip_prefix(SERVER_TOOL_PREFIX).unwrap_or_default().to_owned();
        let (row, tool) = match self.found(&app, &name).await {
            Ok(found) => found,
            Err(error) => return self.refused(&call, error).await,
        };
        let definition = Some(tool.sha256.clone());
        let call = AgentCall { definition, needs_approval: !tool.only_reads(), ..call };
        // What is always denied opens no connection.
        if let Some(caller) = &call.caller {
            let mut only = vec![&call.tool];
            let (agents, session) = (&self.agents, call.session.as_ref());
            agents.retain_allowed(Some(&app), caller, session, &mut only, |tool| (*tool).clone()).await?;
            if only.is_empty() {
                self.agents.admit(&call).await?;
            }
        }
        let server = match self.opened(&app, &row).await {
            Ok(server) => server,
            Err(error) => return self.refused(&call, error).await,
        };
        let is_same = server
            .tools
            .iter()
            .any(|offered| offered.name == tool.name && offered.scanned.sha256 == tool.sha256);
        if !is_same {
            let text = format!("the tool {} is not as it was approved", mayfly_mcp_proxy::visible(&name));
            let details = json!({ "rule": format!("mcp-servers.{name}") });
            return self.refused(&call, ApiError::new(Code::ToolChanged, text).with_details(details)).await;
        }
        let number = self.agents.admit(&call).await?;
        let result = asked(&server, &tool.name, call.arguments).await;
        let error_code = result.as_ref().err().map(|error| error.code().as_str().to_owned());
        let outcome = CallOutcome { error_code, invocation_id: Some(within.to_owned()) };
        self.agents.settle(number, outcome).await;
        result
    }

    /// The server, and the tool as it was approved.
    async fn found(&self, app: &str, name: &str) -> ApiResult<(McpServerRow, ApprovedTool)> {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= CALLS_MAX {
            let text = format!("code may call tools of other servers {CALLS_MAX} times");
            return Err(ApiError::new(Code::QuotaRateLimit, text));
        }
        let shown = || mayfly_mcp_proxy::visible(&name.chars().take(200).collect::<String>());
        let missing = || ApiError::not_found(format!("the tool `{}`", shown()));
        let (server, tool) = name.split_once('/').ok_or_else(missing)?;
        let row = self.servers.row(app, server).await?;
        let tool = tools_of(&row)?.into_iter().find(|known| known.name == tool).ok_or_else(missing)?;
        Ok((row, tool))
    }

    /// The run's connection to a server: opened where there is none, or it has ended.
    async fn opened(&self, app: &str, row: &McpServerRow) -> ApiResult<Arc<OpenServer>> {
        let place = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(open.entry(row.name.clone()).or_default())
        };
        let mut place = place.lock().await;
        if let Some(open) = place.as_ref().filter(|open| open.server.is_open()) {
            return Ok(Arc::clone(open));
        }
        *place = None;
        let opened = Arc::new(self.servers.connect(app, row).await?);
        *place = Some(Arc::clone(&opened));
        Ok(opened)
    }

    async fn refused(&self, call: &AgentCall, error: ApiError) -> ApiResult<Value> {
        self.agents.refuse(call, &error).await?;
        Err(error)
    }
}

async fn asked(
    server: &OpenServer,
    name: &str,
    arguments: serde_json::Map<String, Value>,
) -> ApiResult<Value> {
    let value = server.server.call(name, arguments).await.map_err(|error| match error {
        ToolServerError::Failed(why) => failed(&why),
        ToolServerError::Refused { message, details } => {
            let message: String = message.chars().take(2_000).collect();
            ApiError::new(Code::ToolFailed, message).with_details(details)
        }
    })?;
    if value.to_string().len() > RESULT_BYTES_MAX {
        return Err(failed(&format!("its result has more than {RESULT_BYTES_MAX} bytes")));
    }
    Ok(value)
}
