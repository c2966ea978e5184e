//! Links by which a person decides one approval in a browser. A link is sealed with the root key: nothing of it is stored, any
//! node opens it, and what is changed in it makes it none. It is used up with the decision, since an approval is decided once.

use mayfly_api::approvals::{ApprovalInfo, ApprovalLink, ApprovalState};
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::names::encoded;
use mayfly_api::routes::ApprovalLinkMake;
use mayfly_common::clock;
use mayfly_store::StoreError;
use serde::{Deserialize, Serialize};

use super::Agents;

/// Seconds that a link is good, unless asked otherwise.
const SECONDS_DEFAULT: u32 = 3_600;
/// The place that a link is sealed for, with the approval's id.
const PLACE: &str = "approvals";

/// What a link says.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    /// For whom it is.
    name: String,
    /// Seconds since 1970.
    expires: i64,
}

impl Handler<ApprovalLinkMake> for Agents {
    async fn handle(&self, call: ApiCall<ApprovalLinkMake>) -> ApiResult<ApprovalLink> {
        let id = call.context.name();
        let found = self.store.agents().approval(id).await?;
        let found = found.ok_or_else(|| ApiError::not_found("the approval"))?;
        if found.state != ApprovalState::Pending {
            let text = format!("the approval is {} already", found.state);
            return Err(ApiError::new(Code::ResourceConflict, text));
        }
        let wanted = call.body.0;
        let seconds = wanted.ttl_seconds.map_or(SECONDS_DEFAULT, |seconds| seconds.get());
        let expires_at = clock::now() + chrono::Duration::seconds(seconds.into());
        let name = wanted.name.as_deref().unwrap_or("link").to_owned();
        let sealed = serde_json::to_string(&Sealed { name, expires: expires_at.timestamp() });
        let token = self.keyring.encrypt(PLACE, None, id, &sealed.map_err(ApiError::internal)?)?;
        let base = &call.context.base;
        Ok(ApprovalLink {
            url: format!("{base}/approvals/{}?token={}", encoded(id), encoded(&token)),
            expires_at: expires_at.into(),
        })
    }
}

impl Agents {
    /// The approval that a link is for.
    ///
    /// # Errors
    /// `AUTH_INVALID_TOKEN` when it is none, or is not good any more.
    pub async fn approval_by_link(&self, id: &str, token: &str) -> ApiResult<ApprovalInfo> {
        self.open_link(id, token)?;
        let found = self.store.agents().approval(id).await?;
        found.ok_or_else(|| ApiError::not_found("the approval"))
    }

    /// Decide an approval by a link.
    ///
    /// # Errors
    /// As [`Agents::approval_by_link`], and `RESOURCE_CONFLICT` when it was decided before.
    pub async fn decide_by_link(
        &self,
        id: &str,
        token: &str,
        approve: bool,
        reason: Option<&str>,
    ) -> ApiResult<ApprovalInfo> {
        let by = format!("link:{}", self.open_link(id, token)?.name);
        match self.store.agents().decide_approval(id, approve, &by, reason).await {
            Ok(Some(decided)) => Ok(decided),
            Ok(None) => Err(ApiError::not_found("the approval")),
            Err(StoreError::Conflict(message)) => Err(ApiError::new(Code::ResourceConflict, message)),
            Err(error) => Err(error.into()),
        }
    }

    /// The same is told of every link that is not good.
    fn open_link(&self, id: &str, token: &str) -> ApiResult<Sealed> {
        let refused = || ApiError::new(Code::AuthInvalidToken, "the link is not good, or not any more");
        let text = self.keyring.decrypt(PLACE, None, id, token).map_err(|_| refused())?;
        let sealed: Sealed = serde_json::from_str(&text).map_err(|_| refused())?;
        if sealed.expires <= clock::now().timestamp() { Err(refused()) } else { Ok(sealed) }
    }
}
