//! Asks the client's user for an approval, where the policy's rule lets the client ask and the client can: by a result that asks
//! for input, which the newest revision has, so that any node takes the answer.

use std::collections::BTreeMap;

use mayfly_api::error::{ApiError, ApiResult};
use rmcp::RoleServer;
use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, InputRequest, InputRequiredResult,
    InputResponses, ProtocolVersion,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use crate::host::ToolHost;
use crate::outcome::ToolOutcome;

/// Where the answer stands.
const ANSWER: &str = "approval";

/// What follows a call's outcome.
pub(crate) enum Next {
    /// It is told to the client.
    Tell,
    /// The client asks its user, and calls again with the answer.
    Ask(Box<InputRequiredResult>),
    /// The call is made once more: its approval is decided.
    Again,
}

/// Ask for an approval that a call waits for, or take the answer.
///
/// # Errors
/// When the answer cannot be kept.
pub(crate) async fn next<H: ToolHost>(
    host: &H,
    tool: &str,
    outcome: &ToolOutcome,
    answers: Option<&InputResponses>,
    state: Option<&str>,
    context: &RequestContext<RoleServer>,
) -> ApiResult<Next> {
    let ToolOutcome::Failed(problem) = outcome else { return Ok(Next::Tell) };
    let details = problem.get("error").map_or(&Value::Null, |error| &error["details"]);
    let is_modern =
        context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    let can_ask = context.client_capabilities().is_some_and(|client| client.elicitation.is_some());
    let asks = problem.get("code") == Some(&"APPROVAL_REQUIRED".into()) && details["elicit"].is_object();
    let (Some(id), true) = (details["approval_id"].as_str(), asks && is_modern && can_ask) else {
        return Ok(Next::Tell);
    };
    // An answer is for the approval that it names, and so for these arguments.
    let answer = answers.and_then(|answers| answers.get(ANSWER)).filter(|_| state == Some(id));
    let Some(answer) = answer else {
        let arguments = format!("{:#}", details["elicit"]["arguments"]);
        let message = format!("The agent wants to call {tool} with\n{arguments}");
        let schema = json!({
            "type": "object",
            "properties": { "approve": { "type": "boolean", "title": "Approve this call, once" } },
            "required": ["approve"],
        });
        let requested_schema = serde_json::from_value(schema).map_err(ApiError::internal)?;
        let form = ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema };
        let asked =
            BTreeMap::from([(ANSWER.to_owned(), InputRequest::Elicitation(ElicitRequest::new(form)))]);
        return Ok(Next::Ask(Box::new(InputRequiredResult::new(Some(asked), Some(id.to_owned())))));
    };
    let answer: ElicitResult = serde_json::from_value(answer.clone())
        .map_err(|error| ApiError::invalid(&format!("inputResponses.{ANSWER}"), error))?;
    if answer.action == ElicitationAction::Cancel {
        return Ok(Next::Tell);
    }
    let approves = answer.action == ElicitationAction::Accept
        && answer.content.is_some_and(|content| content["approve"] == true);
    host.decide(id, approves).await?;
    Ok(if approves { Next::Again } else { Next::Tell })
}
