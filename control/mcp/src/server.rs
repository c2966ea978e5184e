//! `McpServer`: what a client of the protocol may ask, answered for one caller.

use mayfly_api::error::{ApiError, Code};
use rmcp::ErrorData;
use rmcp::RoleServer;
use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, GetPromptRequestParams, GetPromptResponse, Implementation,
    InputRequiredResult, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::elicitation::{self, Next};
use crate::host::ToolHost;
use crate::outcome::ToolOutcome;
use crate::{progress, prompts, resources, tools};

const INSTRUCTIONS: &str = "Mayfly runs JavaScript and TypeScript functions, each call in a sandbox of its own, beside a \
    PostgreSQL database of the app. Deploy with deploy_function, try with invoke_function, read logs with \
    manage_function, change tables with manage_schema. A failed result is the API's problem object: `error.remediation` \
    says what to do, and explain_failure explains an invocation. Most tools take app_id, such as app_abc123def456. \
    The resource mayfly://docs/GUEST.md says what a function gets.";

/// The member `schema` of a call's arguments as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct RawSchema(pub(crate) Box<RawValue>);

/// What comes of a call.
enum Called {
    Ended(ToolOutcome),
    /// The client's user has to be asked first.
    Asks(Box<InputRequiredResult>),
}

/// The protocol for one caller.
#[derive(Debug, Clone)]
pub(crate) struct McpServer<H> {
    host: H,
}

impl<H: ToolHost> McpServer<H> {
    pub(crate) fn new(host: H) -> Self {
        Self { host }
    }
}

impl<H: ToolHost> ServerHandler for McpServer<H> {
    fn get_info(&self) -> ServerConfig {
        let capabilities =
            ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        let mut implementation = Implementation::new("mayfly", env!("CARGO_PKG_VERSION"));
        implementation.title = Some("Mayfly".to_owned());
        ServerConfig::new(capabilities).with_server_info(implementation).with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let may = self.host.listed().await.map_err(|error| {
            ErrorData::internal_error(
                error.message().to_owned(),
                Some(Value::Object(self.host.problem(&error))),
            )
        })?;
        let listed = tools::listed().iter().filter(|tool| may.contains(&&*tool.name));
        Ok(ListToolsResult::with_all_items(listed.cloned().collect()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::listed().iter().find(|tool| tool.name == name).cloned()
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let parts = context.extensions.get::<http::request::Parts>();
        let schema = parts.and_then(|parts| parts.extensions.get::<RawSchema>()).map(|raw| raw.0.clone());
        let CallToolRequestParams { name, arguments, input_responses, request_state, .. } = request;
        let call = async {
            let arguments = arguments.unwrap_or_default();
            let first = tools::call(&self.host, &name, arguments.clone(), schema.clone()).await;
            let (answers, state) = (input_responses.as_ref(), request_state.as_deref());
            match elicitation::next(&self.host, &name, &first, answers, state, &context).await {
                Ok(Next::Tell) => Called::Ended(first),
                Ok(Next::Ask(question)) => Called::Asks(question),
                Ok(Next::Again) => Called::Ended(tools::call(&self.host, &name, arguments, schema).await),
                Err(error) => Called::Ended(ToolOutcome::Failed(self.host.problem(&error))),
            }
        };
        let outcome = tokio::select! {
            outcome = progress::reported(&context, &name, call) => outcome,
            () = context.ct.cancelled() => {
                let error = ApiError::new(Code::RequestTimeout, "the call was cancelled");
                Called::Ended(ToolOutcome::Failed(self.host.problem(&error)))
            }
        };
        Ok(match outcome {
            Called::Ended(outcome) => outcome.into_result().into(),
            Called::Asks(question) => (*question).into(),
        })
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(ListResourcesResult::with_all_items(resources::listed()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(resources::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        match resources::read(&self.host, &request.uri).await {
            Ok(Some(result)) => Ok(result.into()),
            Ok(None) => {
                let data = json!({ "uri": request.uri });
                Err(ErrorData::resource_not_found("there is no such resource", Some(data)))
            }
            Err(problem) => {
                let message = problem["detail"].as_str().unwrap_or("the resource cannot be read").to_owned();
                Err(match problem["status"].as_u64() {
                    Some(404) => ErrorData::resource_not_found(message, Some(problem)),
                    Some(400..=499) => ErrorData::invalid_params(message, Some(problem)),
                    _ => ErrorData::internal_error(message, Some(problem)),
                })
            }
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(prompts::listed()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments: Map<String, Value> = request.arguments.unwrap_or_default();
        let filled = prompts::filled(&request.name, &arguments);
        filled.map(Into::into).map_err(|message| ErrorData::invalid_params(message, None))
    }
}
