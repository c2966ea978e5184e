//! `AppMcpServer`: the tools of one app, answered for one caller: its functions, and code that uses them.

use std::sync::Arc;

use mayfly_api::error::{ApiError, Code};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Map, Value};

use crate::app_host::{AppTool, AppToolHost};
use crate::host::ToolHost as _;
use crate::outcome::ToolOutcome;
use crate::{progress, schemas, tools};

const INSTRUCTIONS: &str = "The tools of one app: each is a function that runs in a sandbox of its own, as you. A failed result is a problem \
    object: `error.remediation` says what to do. Where run_code is listed, one script can call several tools.";
/// The tool that is no function.
const RUN_CODE: &str = "run_code";

/// The protocol for one caller of one app.
#[derive(Debug, Clone)]
pub(crate) struct AppMcpServer<H> {
    host: H,
    /// The tools that the client's URL names.
    only: Option<Arc<[String]>>,
}

impl<H: AppToolHost> AppMcpServer<H> {
    pub(crate) fn new(host: H, only: Option<Arc<[String]>>) -> Self {
        Self { host, only }
    }

    /// The tools that a client wants: those that its URL names and, of these, those that the request names in
    /// `_meta.graph_spec.tools.functions`.
    fn wanted(&self, context: &RequestContext<RoleServer>) -> Option<Vec<String>> {
        let named = context.meta.get("graph_spec").and_then(|spec| spec.pointer("/tools/functions"));
        let named = named.and_then(Value::as_array);
        let named = named.map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned));
        match (&self.only, named) {
            (None, None) => None,
            (None, Some(named)) => Some(named.collect()),
            (Some(only), None) => Some(only.to_vec()),
            (Some(only), Some(named)) => Some(named.filter(|name| only.contains(name)).collect()),
        }
    }

    /// `run_code`, whose own `tools` are narrowed alike.
    async fn run_code(&self, mut arguments: Map<String, Value>, only: Option<Vec<String>>) -> CallToolResult {
        let Some(routes) = self.host.routes() else {
            let none = Map::new();
            return self.host.call(RUN_CODE, none, only.as_deref()).await.into_result();
        };
        if arguments.contains_key(tools::APP_ID) {
            let error = ApiError::invalid(tools::APP_ID, "is not a parameter");
            return ToolOutcome::Failed(routes.problem(&error)).into_result();
        }
        arguments.insert(tools::APP_ID.to_owned(), self.host.app().into());
        if let Some(only) = only {
            let capabilities = arguments.entry("capabilities").or_insert_with(|| Map::new().into());
            if let Some(capabilities) = capabilities.as_object_mut() {
                narrow(capabilities, only);
            }
        }
        tools::call(routes, RUN_CODE, arguments, None).await.into_result()
    }
}

impl<H: AppToolHost> ServerHandler for AppMcpServer<H> {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let mut implementation = Implementation::new("mayfly-app", env!("CARGO_PKG_VERSION"));
        implementation.title = Some(format!("Tools of {}", self.host.app()));
        ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let set = self.host.tools(self.wanted(&context).as_deref()).await;
        let set = set.map_err(|error| ErrorData::internal_error(error.message().to_owned(), None))?;
        let mut listed: Vec<Tool> = set.tools.into_iter().map(listed).collect();
        if self.host.routes().is_some() {
            listed.push(tools::run_code_of_app(&set.types));
        }
        Ok(ListToolsResult::with_all_items(listed))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let only = self.wanted(&context);
        let CallToolRequestParams { name, arguments, .. } = request;
        let arguments = arguments.unwrap_or_default();
        let call = async {
            match &*name {
                RUN_CODE => self.run_code(arguments, only).await,
                name => self.host.call(name, arguments, only.as_deref()).await.into_result(),
            }
        };
        let result = tokio::select! {
            result = progress::reported(&context, &name, call) => result,
            () = context.ct.cancelled() => {
                let error = ApiError::new(Code::RequestTimeout, "the call was cancelled");
                return Err(ErrorData::internal_error(error.message().to_owned(), None));
            }
        };
        Ok(result.into())
    }
}

/// Let `tools` of a run have no others than these.
fn narrow(capabilities: &mut Map<String, Value>, only: Vec<String>) {
    let named = capabilities.get("tools").and_then(Value::as_array).cloned();
    let left: Vec<Value> = match named {
        Some(named) => named.into_iter().filter(|name| only.iter().any(|of| name == of)).collect(),
        None => only.into_iter().map(Value::from).collect(),
    };
    capabilities.insert("tools".to_owned(), left.into());
}

fn listed(tool: AppTool) -> Tool {
    let annotations = ToolAnnotations::with_title(tool.name.clone())
        .read_only(tool.read_only)
        .destructive(!tool.read_only)
        .idempotent(tool.read_only)
        // A function may ask other hosts.
        .open_world(true);
    let mut input = tool.input;
    input.entry("type").or_insert_with(|| "object".into());
    let mut made = Tool::new(tool.name, tool.description.unwrap_or_default(), Arc::new(input))
        .with_annotations(annotations);
    if let Some(output) = tool.output {
        made = made.with_raw_output_schema(Arc::new(schemas::output(vec![output.into()])));
    }
    made
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_has_no_tools_beyond_those_that_the_client_wants() {
        let narrowed = |mut capabilities: Value| {
            let members = capabilities.as_object_mut().unwrap();
            narrow(members, vec!["a".into(), "b".into()]);
            capabilities
        };
        assert_eq!(narrowed(json!({})), json!({ "tools": ["a", "b"] }));
        assert_eq!(
            narrowed(json!({ "tools": ["b", "c"], "db": "none" })),
            json!({ "tools": ["b"], "db": "none" })
        );
    }
}
