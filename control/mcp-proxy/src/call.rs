//! A call of a tool: found, compared with its pin, let through by the gate, asked of the upstream, and written down.

use std::collections::BTreeMap;
use std::time::Duration;

use mayfly_api::approvals::ApprovalState;
use mayfly_api::error::{ApiError, problem};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, ClientRequest, ClientResult,
    ContentBlock, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, InputRequest,
    InputRequiredResult, ProtocolVersion, ResultType, ServerRequest, ServerResult,
};
use rmcp::service::{PeerRequestOptions, RequestContext};
use rmcp::{ErrorData, RoleServer};
use serde_json::{Map, Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use crate::approvals::FolderApproval;
use crate::client_side::ClientSide;
use crate::common::failed;
use crate::gate::{Asked, GateAnswer, GateCall, ProxyGate};
use crate::upstream::{NAME_CHARS_MAX, UpstreamError};

/// For how long a person may think about a call.
const THINKING: Duration = Duration::from_secs(600);
/// Where an answer about an approval stands.
const ANSWER: &str = "approval";
/// Pages about error codes are resources of Mayfly's own server: `mayfly://errors/CODE`.
const PAGES: &str = "mayfly:/";

/// Serve a call.
pub(crate) async fn call(
    session: &ClientSide,
    mut request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let (identity, of_session) = (session.identity(&context), session.session(&context));
    let arguments = request.arguments.clone().unwrap_or_default();
    let name = request.name.to_string();
    let request_id = format!("req_{}", Uuid::new_v4().simple());
    let refused = |error: &ApiError| refused(error, &request_id);
    let mut subject = GateCall {
        identity: &identity,
        session: of_session.as_deref(),
        tool: &name,
        arguments: &arguments,
        definition: "",
        request_id: &request_id,
    };
    let gate = &session.common.gate;
    let upstream = match session.upstream(&context).await {
        Ok(upstream) => upstream,
        Err(why) => return Ok(refused(&gate.refuse(subject, "upstream", failed(&why)).await)),
    };
    let tools = match upstream.tools(false).await {
        Ok(known) if known.find(&name).is_none() => upstream.tools(true).await,
        known => known,
    };
    let tools = match tools {
        Ok(tools) => tools,
        Err(UpstreamError::Failed(why)) => {
            return Ok(refused(&gate.refuse(subject, "upstream", failed(&why)).await));
        }
        Err(error) => return Err(error.into_data()),
    };
    let Some(known) = tools.find(&name) else {
        let shown: String = name.chars().take(NAME_CHARS_MAX).collect();
        let error = ApiError::not_found(format!("the tool `{}`", crate::visible::visible(&shown)));
        return Ok(refused(&gate.refuse(subject, "upstream", error).await));
    };
    let pinned = session.common.pins(&tools).map(|pins| session.common.refusal(&pins, known));
    if let Some(refusal) = pinned.unwrap_or_else(Some) {
        let rule = format!("pins.{name}");
        return Ok(refused(&gate.refuse(subject, &rule, refusal).await));
    }
    subject.definition = &known.digest;
    let id = match admit(session, subject, &mut request, &context).await {
        Ok(Admitted::Run(id)) => id,
        Ok(Admitted::Ask(asked)) => return Ok((*asked).into()),
        Err(error) => return Ok(refused(&error)),
    };
    let follows_tasks = context.client_capabilities().is_some_and(|client| client.supports_tasks());
    let started = Instant::now();
    let asked = upstream.ask(ClientRequest::CallToolRequest(CallToolRequest::new(request)), &context).await;
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (answer, code) = match asked {
        Ok(ServerResult::CallToolResult(mut result)) => {
            result.result_type.get_or_insert(ResultType::COMPLETE);
            let code = (result.is_error == Some(true)).then_some("TOOL_FAILED");
            (Ok(result.into()), code)
        }
        Ok(ServerResult::InputRequiredResult(result)) => (Ok(result.into()), Some("INPUT_REQUIRED")),
        // Its end is written down when a client hears of it.
        Ok(ServerResult::CreateTaskResult(task)) if follows_tasks => {
            session.place(&context).tasks.begin(&task.task.task_id, &identity, id);
            return Ok(CallToolResponse::Task(task));
        }
        Ok(ServerResult::EmptyResult(_)) => (Ok(CallToolResult::success(Vec::new()).into()), None),
        Ok(_) => {
            let error = failed("it answered something else than it was asked for");
            (Ok(refused(&error)), Some("UPSTREAM_FAILED"))
        }
        Err(UpstreamError::Failed(why)) => (Ok(refused(&failed(&why))), Some("UPSTREAM_FAILED")),
        Err(UpstreamError::Cancelled) => (Err(UpstreamError::Cancelled.into_data()), Some("CANCELLED")),
        Err(UpstreamError::Protocol(error)) => (Err(error), Some("TOOL_FAILED")),
    };
    gate.settle(id, code, took).await;
    answer
}

enum Admitted {
    Run(u64),
    /// The client has to ask its person, and to call again with the answer.
    Ask(Box<InputRequiredResult>),
}

/// Let a call through the gate; where a person has to approve it and sits at the client, ask there.
async fn admit(
    session: &ClientSide,
    call: GateCall<'_>,
    request: &mut CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Admitted, ApiError> {
    let gate = &session.common.gate;
    let by = format!("client of {}", call.identity);
    let Asked { approval, elicit, error } = match gate.admit(call).await? {
        GateAnswer::Run(id) => return Ok(Admitted::Run(id)),
        GateAnswer::Ask(asked) => *asked,
    };
    let can_ask = context.client_capabilities().is_some_and(|client| client.elicitation.is_some());
    if !session.common.elicit || !elicit || !can_ask || approval.state != ApprovalState::Pending {
        return Err(error);
    }
    let is_modern = context.protocol_version().is_none_or(|version| version >= ProtocolVersion::V_2026_07_28);
    let answer = if is_modern {
        let answered = request.input_responses.as_mut().and_then(|responses| responses.remove(ANSWER));
        // An answer is for the approval that it names, and so for these arguments.
        let is_for_this = request.request_state.as_deref() == Some(approval.call.id.as_str());
        let Some(answer) = answered.filter(|_| is_for_this) else {
            let question = ElicitRequest::new(question(&approval)?);
            let asked = BTreeMap::from([(ANSWER.to_owned(), InputRequest::Elicitation(question))]);
            let result = InputRequiredResult::new(Some(asked), Some(approval.call.id.clone()));
            return Ok(Admitted::Ask(Box::new(result)));
        };
        request.request_state = None;
        request.input_responses = None;
        serde_json::from_value::<ElicitResult>(answer).ok()
    } else {
        let asked = ServerRequest::ElicitRequest(ElicitRequest::new(question(&approval)?));
        let options = PeerRequestOptions::with_timeout(THINKING);
        match context.peer.send_request_with_option(asked, options).await {
            Ok(handle) => match handle.await_response().await {
                Ok(ClientResult::ElicitResult(result)) => Some(result),
                _ => None,
            },
            Err(_) => None,
        }
    };
    // A person who closes the question has not decided: the operator still can.
    let Some(answer) = answer.filter(|answer| answer.action != ElicitationAction::Cancel) else {
        return Err(error);
    };
    let approves = answer.action == ElicitationAction::Accept
        && answer.content.as_ref().is_some_and(|content| content["approve"] == true);
    let state = gate.decide(&approval.call.id, approves, &by).await?;
    if state != ApprovalState::Approved {
        let text = format!("approval {} is {state}", approval.call.id);
        let details = json!({ "rule": approval.call.rule, "approval_id": approval.call.id, "state": state });
        return Err(ApiError::new(mayfly_api::error::Code::PolicyDenied, text).with_details(details));
    }
    debug_assert_eq!(ProxyGate::digest(call), approval.call.digest, "the approval is for this call");
    match gate.admit(call).await? {
        GateAnswer::Run(id) => Ok(Admitted::Run(id)),
        GateAnswer::Ask(asked) => Err(asked.error),
    }
}

/// What a person is asked, with the whole call.
fn question(approval: &FolderApproval) -> Result<ElicitRequestParams, ApiError> {
    let call = &approval.call;
    let arguments = crate::visible::visible(&format!("{:#}", call.arguments));
    let message = format!("{} wants to call {} ({}) with\n{arguments}", call.identity, call.tool, call.rule);
    let schema = json!({
        "type": "object",
        "properties": { "approve": { "type": "boolean", "title": "Approve this call, once" } },
        "required": ["approve"],
    });
    let requested_schema = serde_json::from_value(schema).map_err(ApiError::internal)?;
    Ok(ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema })
}

/// A refusal as a result: the API's problem object.
fn refused(error: &ApiError, request_id: &str) -> CallToolResponse {
    let body: Map<String, Value> = problem(error, request_id, PAGES);
    let value = Value::Object(body);
    let mut result = CallToolResult::success(vec![ContentBlock::text(value.to_string())]);
    result.structured_content = Some(value);
    result.is_error = Some(true);
    result.into()
}
