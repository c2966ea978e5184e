//! A client's session: what it asks for is the upstream's to answer; tools pass the gate first.

#![allow(deprecated, reason = "what the newest revision has left, older clients still ask for")]

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, ClientNotification, ClientRequest,
    CompleteRequestParams, CompleteResult, DiscoverResult, GetPromptRequestParams, GetPromptResponse,
    GetTaskParams, GetTaskResult, InitializeRequestParams, InitializeResult, ListPromptsRequest,
    ListPromptsResult, ListResourceTemplatesRequest, ListResourceTemplatesResult, ListResourcesRequest,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams,
    ReadResourceResponse, Request, ResultType, RootsListChangedNotification, ServerConfig, ServerResult,
    SetLevelRequestParams, SubscribeRequestParams, TaskPayload, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext};
use rmcp::{ErrorData, Peer, RoleServer, ServerHandler};

use crate::client_side::ClientSide;
use crate::upstream::UpstreamError;
use crate::visible::visible;

/// See the file's head. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Session(pub(crate) ClientSide);

impl Session {
    async fn ask(
        &self,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<ServerResult, ErrorData> {
        let upstream =
            self.0.upstream(&context).await.map_err(|why| UpstreamError::Failed(why).into_data())?;
        upstream.ask(request, &context).await.map_err(UpstreamError::into_data)
    }

    /// A task is of who made its call: no other client hears of it.
    fn check_task(&self, id: &str, context: &RequestContext<RoleServer>) -> Result<(), ErrorData> {
        match self.0.place(context).tasks.is_of(id, &self.0.identity(context)) {
            true => Ok(()),
            false => Err(ErrorData::invalid_params("there is no such task", None)),
        }
    }

    async fn tell(&self, notification: ClientNotification, peer: &Peer<RoleServer>) {
        let context = RequestContext::new(rmcp::model::RequestId::Number(0), peer.clone());
        if let Ok(upstream) = self.0.upstream(&context).await {
            upstream.tell(notification).await;
        }
    }
}

/// The result that a request has, or the upstream answered something else.
macro_rules! answered {
    ($asked:expr, $($pattern:pat => $answer:expr),+ $(,)?) => {
        match $asked.await? {
            $($pattern => Ok($answer),)+
            _ => Err(UpstreamError::Failed("it answered something else than it was asked for".to_owned()).into_data()),
        }
    };
}

/// A result with what the newest revision asks for, and older upstreams leave out.
macro_rules! complete {
    ($result:ident) => {{
        let mut result = $result;
        result.result_type.get_or_insert(ResultType::COMPLETE);
        result
    }};
}

fn listing<M: Default>(
    params: Option<PaginatedRequestParams>,
) -> rmcp::model::RequestOptionalParam<M, PaginatedRequestParams> {
    let mut request = rmcp::model::RequestOptionalParam::with_param(params.clone().unwrap_or_default());
    request.params = params;
    request
}

/// Requests and notifications of other names are refused, as the trait has it: one that looks like `tools/call` and is none would
/// pass no policy.
impl ServerHandler for Session {
    fn get_info(&self) -> ServerConfig {
        let shared = if self.0.is_shared { self.0.common.shared.info() } else { None };
        self.0.own.info().or(shared).unwrap_or_default()
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        self.0.upstream(&context).await.map_err(|why| UpstreamError::Failed(why).into_data())?;
        self.negotiate_initialize(&request)
    }

    async fn discover(&self, context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.0.upstream(&context).await.map_err(|why| UpstreamError::Failed(why).into_data())?;
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let upstream =
            self.0.upstream(&context).await.map_err(|why| UpstreamError::Failed(why).into_data())?;
        let tools = upstream.tools(true).await.map_err(UpstreamError::into_data)?;
        let pins = self
            .0
            .common
            .pins(&tools)
            .map_err(|error| ErrorData::internal_error(error.message().to_owned(), None))?;
        let (identity, of_session) = (self.0.identity(&context), self.0.session(&context));
        let mut listed = Vec::new();
        for known in &tools.list {
            let is_pinned = match self.0.common.refusal(&pins, known) {
                None => true,
                Some(refusal) => {
                    self.0.common.say(refusal.message());
                    false
                }
            };
            if is_pinned && self.0.common.gate.may_list(&identity, of_session.as_deref(), &known.tool.name) {
                let mut tool = known.tool.clone();
                tool.description = tool.description.map(|text| visible(&text).into());
                listed.push(tool);
            }
        }
        Ok(ListToolsResult::with_all_items(listed))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        crate::call::call(&self.0, request, context).await
    }

    async fn complete(
        &self,
        params: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let asked = self.ask(ClientRequest::CompleteRequest(Request::new(params)), context);
        answered!(asked, ServerResult::CompleteResult(result) => complete!(result))
    }

    async fn set_level(
        &self,
        params: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.ask(ClientRequest::SetLevelRequest(Request::new(params)), context).await.map(drop)
    }

    async fn get_prompt(
        &self,
        params: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let asked = self.ask(ClientRequest::GetPromptRequest(Request::new(params)), context);
        answered!(asked,
            ServerResult::GetPromptResult(result) => complete!(result).into(),
            ServerResult::InputRequiredResult(result) => result.into())
    }

    async fn list_prompts(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let request: ListPromptsRequest = listing(params);
        let asked = self.ask(ClientRequest::ListPromptsRequest(request), context);
        answered!(asked, ServerResult::ListPromptsResult(result) => complete!(result))
    }

    async fn list_resources(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let request: ListResourcesRequest = listing(params);
        let asked = self.ask(ClientRequest::ListResourcesRequest(request), context);
        answered!(asked, ServerResult::ListResourcesResult(result) => complete!(result))
    }

    async fn list_resource_templates(
        &self,
        params: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let request: ListResourceTemplatesRequest = listing(params);
        let asked = self.ask(ClientRequest::ListResourceTemplatesRequest(request), context);
        answered!(asked, ServerResult::ListResourceTemplatesResult(result) => complete!(result))
    }

    async fn read_resource(
        &self,
        params: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let asked = self.ask(ClientRequest::ReadResourceRequest(Request::new(params)), context);
        answered!(asked,
            ServerResult::ReadResourceResult(result) => complete!(result).into(),
            ServerResult::InputRequiredResult(result) => result.into())
    }

    async fn subscribe(
        &self,
        params: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.ask(ClientRequest::SubscribeRequest(Request::new(params)), context).await.map(drop)
    }

    async fn unsubscribe(
        &self,
        params: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.ask(ClientRequest::UnsubscribeRequest(Request::new(params)), context).await.map(drop)
    }

    async fn get_task(
        &self,
        params: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.check_task(&params.task_id, &context)?;
        let (side, id) = (&self.0, params.task_id.clone());
        let upstream = side.upstream(&context).await.map_err(|why| UpstreamError::Failed(why).into_data())?;
        let asked = upstream.ask(ClientRequest::GetTaskRequest(Request::new(params)), &context);
        let asked = asked.await.map_err(UpstreamError::into_data);
        let result = answered!(std::future::ready(asked), ServerResult::GetTaskResult(result) => result)?;
        let code = match &result.task.payload {
            TaskPayload::Completed { result } => {
                (result.get("isError") == Some(&true.into())).then_some("TOOL_FAILED")
            }
            TaskPayload::Failed { .. } => Some("TOOL_FAILED"),
            TaskPayload::Cancelled => Some("CANCELLED"),
            _ => return Ok(result),
        };
        if let Some((call, took)) = side.place(&context).tasks.end(&id) {
            side.common.gate.settle(call, code, took).await;
        }
        Ok(result)
    }

    async fn update_task(
        &self,
        params: UpdateTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_task(&params.task_id, &context)?;
        self.ask(ClientRequest::UpdateTaskRequest(Request::new(params)), context).await.map(drop)
    }

    async fn cancel_task(
        &self,
        params: CancelTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.check_task(&params.task_id, &context)?;
        self.ask(ClientRequest::CancelTaskRequest(Request::new(params)), context).await.map(drop)
    }

    async fn on_roots_list_changed(&self, context: NotificationContext<RoleServer>) {
        let changed = RootsListChangedNotification::default();
        self.tell(ClientNotification::RootsListChangedNotification(changed), &context.peer).await;
    }
}
