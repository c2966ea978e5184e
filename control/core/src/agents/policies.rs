//! `/v1/{app}/policy`.

use mayfly_api::apps::Success;
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::policies::AppPolicy;
use mayfly_api::routes::{AgentPolicyDelete, AgentPolicyGet, AgentPolicySet};
use mayfly_policy::CompiledPolicy;
use mayfly_store::StoreError;

use super::Agents;

impl Handler<AgentPolicyGet> for Agents {
    async fn handle(&self, call: ApiCall<AgentPolicyGet>) -> ApiResult<AppPolicy> {
        Ok(match self.store.agents().policy(&call.context.app).await? {
            Some((text, updated_at)) => AppPolicy {
                policy: Some(serde_json::from_str(&text).map_err(ApiError::internal)?),
                updated_at: Some(updated_at.into()),
            },
            None => AppPolicy { policy: None, updated_at: None },
        })
    }
}

impl Handler<AgentPolicySet> for Agents {
    async fn handle(&self, call: ApiCall<AgentPolicySet>) -> ApiResult<AppPolicy> {
        let policy = call.body.0;
        CompiledPolicy::compile(&policy, Some(&self.tools))?;
        let policy = serde_json::to_value(&policy).map_err(ApiError::internal)?;
        let text = policy.to_string();
        match self.store.agents().set_policy(&call.context.app, &text).await {
            Ok(updated_at) => Ok(AppPolicy { policy: Some(policy), updated_at: Some(updated_at.into()) }),
            Err(StoreError::Missing(_)) => Err(ApiError::not_found("the app")),
            Err(error) => Err(error.into()),
        }
    }
}

impl Handler<AgentPolicyDelete> for Agents {
    async fn handle(&self, call: ApiCall<AgentPolicyDelete>) -> ApiResult<Success> {
        self.store.agents().delete_policy(&call.context.app).await?;
        Ok(Success::DONE)
    }
}
