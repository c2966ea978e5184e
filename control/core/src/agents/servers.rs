//! Other MCP servers of apps: named, asked for their tools, approved.

mod approved;
mod calls;
mod connect;

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_api::apps::Success;
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::mcp_servers::{
    McpServerInfo, McpServerList, McpToolInfo, McpToolState, SERVERS_MAX, SetMcpServer, TOOLS_MAX,
    is_server_name,
};
use mayfly_api::names::is_env_name;
use mayfly_api::routes::{McpServerDelete, McpServerGet, McpServerSet, McpServersList, McpToolsApprove};
use mayfly_common::clock;
use mayfly_common::tasks::Tasks;
use mayfly_egress::EgressClient;
use mayfly_ledger::{Ledger, PlaceBounds, Places};
use mayfly_mcp_proxy::Target;
use mayfly_secrets::KeyRing;
use mayfly_store::{McpServerRow, Store, StoreError};

use crate::functions::FunctionCache;

pub(super) use approved::ApprovedTool;
pub(super) use calls::ServerCalls;

use approved::{compared, text_of, tools_of};

/// Connections to servers, of which each may be a process: an app that has some leaves the last ones to others.
const CONNECTIONS: PlaceBounds = PlaceBounds { total: 64, per_app: 16, reserve: 8, waiting_per_app: 64 };

/// The use case. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ToolServers {
    parts: Arc<ToolServerParts>,
    places: Places,
}

/// What [`ToolServers`] works with.
#[derive(Debug)]
pub struct ToolServerParts {
    /// The platform's tables.
    pub store: Store,
    /// Decrypts keys.
    pub keyring: Arc<KeyRing>,
    /// Knows which hosts an app may reach.
    pub functions: FunctionCache,
    /// Reaches them.
    pub egress: EgressClient,
    /// The bytes that are held for apps.
    pub ledger: Ledger,
    /// Programs of the operator's that are servers, by name.
    pub programs: Arc<BTreeMap<String, Vec<String>>>,
    /// What a connection hears.
    pub tasks: Tasks,
}

impl ToolServers {
    /// Over these parts.
    pub fn new(parts: ToolServerParts) -> Self {
        Self { parts: Arc::new(parts), places: Places::new(CONNECTIONS) }
    }

    /// The tools that were approved, by their servers' names.
    pub(super) async fn approved(&self, app: &str) -> ApiResult<Vec<(String, Vec<ApprovedTool>)>> {
        let servers = self.parts.store.agents().servers(app).await?;
        servers.into_iter().map(|server| Ok((server.name.clone(), tools_of(&server)?))).collect()
    }

    async fn row(&self, app: &str, name: &str) -> ApiResult<McpServerRow> {
        let found = match is_server_name(name) {
            true => self.parts.store.agents().server(app, name).await?,
            false => None,
        };
        found.ok_or_else(|| ApiError::not_found(format!("the MCP server `{name}`")))
    }
}

impl Handler<McpServersList> for ToolServers {
    async fn handle(&self, call: ApiCall<McpServersList>) -> ApiResult<McpServerList> {
        let servers = self.parts.store.agents().servers(&call.context.app).await?;
        let servers = servers.iter().map(|row| {
            let tools = tools_of(row)?.iter().map(|tool| tool.info(McpToolState::Approved)).collect();
            Ok(info(row, tools))
        });
        Ok(McpServerList { servers: servers.collect::<ApiResult<_>>()? })
    }
}

impl Handler<McpServerGet> for ToolServers {
    async fn handle(&self, call: ApiCall<McpServerGet>) -> ApiResult<McpServerInfo> {
        let row = self.row(&call.context.app, call.context.name()).await?;
        let approved = tools_of(&row)?;
        let offered = self.connect(&call.context.app, &row).await?.tools;
        Ok(info(&row, compared(&approved, &offered)))
    }
}

impl Handler<McpServerSet> for ToolServers {
    async fn handle(&self, call: ApiCall<McpServerSet>) -> ApiResult<McpServerInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        if !is_server_name(name) {
            return Err(ApiError::invalid("server", "must match ^[a-z][a-z0-9_]{0,39}$"));
        }
        let mut row = self.wanted(name, &call.body.0)?;
        let offered = self.connect(app, &row).await?.tools;
        if offered.len() > TOOLS_MAX {
            let text = format!("it has {} tools; an app may call {TOOLS_MAX} of one", offered.len());
            return Err(connect::failed(&text));
        }
        let clean = offered.iter().filter(|tool| !tool.scanned.is_injected());
        let approved: Vec<ApprovedTool> = clean.map(ApprovedTool::of).collect();
        row.tools = text_of(&approved)?;
        row.updated_at = match self.parts.store.agents().set_server(app, &row, SERVERS_MAX).await {
            Ok(at) => at,
            Err(StoreError::Missing(_)) => return Err(ApiError::not_found("the app")),
            Err(StoreError::Conflict(message)) => return Err(ApiError::new(Code::ResourceConflict, message)),
            Err(error) => return Err(error.into()),
        };
        Ok(info(&row, compared(&approved, &offered)))
    }
}

impl Handler<McpServerDelete> for ToolServers {
    async fn handle(&self, call: ApiCall<McpServerDelete>) -> ApiResult<Success> {
        self.parts.store.agents().delete_server(&call.context.app, call.context.name()).await?;
        Ok(Success::DONE)
    }
}

impl Handler<McpToolsApprove> for ToolServers {
    async fn handle(&self, call: ApiCall<McpToolsApprove>) -> ApiResult<McpServerInfo> {
        let app = &call.context.app;
        let mut row = self.row(app, call.context.name()).await?;
        let wanted = &call.body.0.tools.0;
        if wanted.is_empty() || wanted.len() > TOOLS_MAX {
            return Err(ApiError::invalid("tools", format!("must name 1 to {TOOLS_MAX} tools")));
        }
        let offered = self.connect(app, &row).await?.tools;
        let mut approved = tools_of(&row)?;
        for (name, sha256) in wanted {
            let found = offered.iter().find(|tool| tool.name == *name && tool.scanned.sha256 == *sha256);
            let found = found.ok_or_else(|| {
                let text =
                    format!("the tool {} is not of that definition now", mayfly_mcp_proxy::visible(name));
                ApiError::new(Code::ResourceConflict, text)
            })?;
            approved.retain(|known| known.name != *name);
            approved.push(ApprovedTool::of(found));
        }
        // What is gone makes room.
        approved.retain(|known| offered.iter().any(|tool| tool.name == known.name));
        if approved.len() > TOOLS_MAX {
            return Err(ApiError::invalid("tools", format!("an app may call {TOOLS_MAX} tools of a server")));
        }
        approved.sort_by(|one, other| one.name.cmp(&other.name));
        let text = text_of(&approved)?;
        row.updated_at = match self.parts.store.agents().approve_tools(app, &row, &text).await {
            Ok(at) => at,
            Err(StoreError::Conflict(message)) => return Err(ApiError::new(Code::ResourceConflict, message)),
            Err(error) => return Err(error.into()),
        };
        Ok(info(&row, compared(&approved, &offered)))
    }
}

impl ToolServers {
    /// What is asked for, checked; nothing of it is approved yet.
    fn wanted(&self, name: &str, wanted: &SetMcpServer) -> ApiResult<McpServerRow> {
        let SetMcpServer { url, program, key_env } = wanted;
        match (url, program) {
            (Some(url), None) => check_url(url)?,
            (None, Some(program)) if self.parts.programs.contains_key(&**program) => {}
            (None, Some(_)) => {
                return Err(ApiError::invalid(
                    "program",
                    "is none that the operator has named (--mcp-program)",
                ));
            }
            _ => return Err(ApiError::invalid("url", "or `program` is required, and not both")),
        }
        if key_env.as_deref().is_some_and(|name| !is_env_name(name) || program.is_some()) {
            return Err(ApiError::invalid("key_env", "must be the name of a variable, for a URL"));
        }
        Ok(McpServerRow {
            name: name.to_owned(),
            url: url.as_deref().map(str::to_owned),
            program: program.as_deref().map(str::to_owned),
            key_env: key_env.as_deref().map(str::to_owned),
            tools: String::new(),
            updated_at: clock::now(),
        })
    }
}

fn check_url(text: &str) -> ApiResult<()> {
    match Target::parse(text) {
        Ok(Target::Url(url)) if url.username().is_empty() && url.password().is_none() => Ok(()),
        Ok(Target::Url(_)) => {
            Err(ApiError::invalid("url", "may have no user; a key is a variable (key_env)"))
        }
        _ => Err(ApiError::invalid("url", "must be a URL of http or https")),
    }
}

fn info(row: &McpServerRow, tools: Vec<McpToolInfo>) -> McpServerInfo {
    McpServerInfo {
        name: row.name.clone(),
        url: row.url.clone(),
        program: row.program.clone(),
        key_env: row.key_env.clone(),
        tools,
        updated_at: row.updated_at.into(),
    }
}
