//! Sessions of agents. What a client has is sealed with the root key for who began the session: nothing of it is stored, any node
//! opens it, and in anybody else's hands it is none. What it opens to is the name that policies and the audit log know.

use mayfly_api::access::Manager;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::ids;
use mayfly_api::mcp::AgentSession;

use super::Agents;
use super::gate::{AgentCaller, policy_caller};
use super::tools::agent_caller;
use crate::auth::AppAgent;

/// The place that a session is sealed for, with its owner.
const PLACE: &str = "sessions";
/// Bytes of what a client sends.
const SENT_BYTES_MAX: usize = 1_000;

/// Who has a session, and at which endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOwner(String);

impl SessionOwner {
    /// Of the platform's tools.
    pub fn of_key(manager: &Manager) -> Self {
        Self(policy_caller(Some(&AgentCaller::Manager(manager.clone())), None).identity())
    }

    /// Of an app's tools.
    pub fn of_app(app: &str, agent: &AppAgent) -> Self {
        Self(format!("{app}/{}", policy_caller(Some(&agent_caller(agent)), None).identity()))
    }
}

impl Agents {
    /// What the client of a new session sends with each message.
    ///
    /// # Errors
    /// When nothing can be sealed.
    pub fn begin_session(&self, owner: &SessionOwner) -> ApiResult<String> {
        Ok(self.keyring.encrypt(PLACE, None, &owner.0, &ids::session_id())?)
    }

    /// The session of what a client sent.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` for what is not sealed for this owner.
    pub fn session(&self, owner: &SessionOwner, sent: &[u8]) -> ApiResult<AgentSession> {
        let sent = std::str::from_utf8(sent).ok().filter(|sent| sent.len() <= SENT_BYTES_MAX);
        let id = sent.and_then(|sent| self.keyring.decrypt(PLACE, None, &owner.0, sent).ok());
        let id = id.ok_or_else(|| ApiError::not_found("the session"))?;
        Ok(AgentSession(id.as_str().into()))
    }
}
