//! `/v1/approvals`.

use mayfly_api::approvals::{ApprovalDecision, ApprovalInfo, ApprovalList};
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::routes::{ApprovalDecide, ApprovalGet, ApprovalsList};
use mayfly_store::StoreError;

use super::Agents;
use super::gate::{AgentCaller, policy_caller};

/// Approvals, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 100;
/// Who decides: the route is the operator's.
const OPERATOR: &str = "admin";

impl Handler<ApprovalsList> for Agents {
    async fn handle(&self, call: ApiCall<ApprovalsList>) -> ApiResult<ApprovalList> {
        let limit = call.query.limit.map_or(LIMIT_DEFAULT, |limit| limit.get());
        Ok(ApprovalList { approvals: self.store.agents().approvals(call.query.state, limit).await? })
    }
}

impl Handler<ApprovalGet> for Agents {
    async fn handle(&self, call: ApiCall<ApprovalGet>) -> ApiResult<ApprovalInfo> {
        let found = self.store.agents().approval(call.context.name()).await?;
        found.ok_or_else(|| ApiError::not_found("the approval"))
    }
}

impl Agents {
    /// A person's word, by way of the client: for a call that this caller has just made, whose rule lets the client ask.
    ///
    /// # Errors
    /// `RESOURCE_CONFLICT` when it was decided before.
    pub async fn decide_by_client(&self, caller: &AgentCaller, id: &str, approve: bool) -> ApiResult<()> {
        let by = format!("client of {}", policy_caller(Some(caller), None).identity());
        match self.store.agents().decide_approval(id, approve, &by, None).await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(ApiError::not_found("the approval")),
            Err(StoreError::Conflict(message)) => Err(ApiError::new(Code::ResourceConflict, message)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Handler<ApprovalDecide> for Agents {
    async fn handle(&self, call: ApiCall<ApprovalDecide>) -> ApiResult<ApprovalInfo> {
        let wanted = call.body.0;
        let approve = wanted.decision == ApprovalDecision::Approve;
        let reason = wanted.reason.as_deref();
        match self.store.agents().decide_approval(call.context.name(), approve, OPERATOR, reason).await {
            Ok(Some(decided)) => Ok(decided),
            Ok(None) => Err(ApiError::not_found("the approval")),
            Err(StoreError::Conflict(message)) => Err(ApiError::new(Code::ResourceConflict, message)),
            Err(error) => Err(error.into()),
        }
    }
}
