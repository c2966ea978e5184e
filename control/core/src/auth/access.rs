//! `CallAccess`: the result of authorizing a call. An invocation requires one, so an unchecked call cannot run.

use std::sync::Arc;

use mayfly_api::access::Manager;
use mayfly_api::error::ApiResult;
use mayfly_api::mcp::AgentSession;
use mayfly_api::scope::Scope;
use mayfly_tenant_db::identity::Identity;

use super::caller::{Caller, CallerKind, EndUser, impersonate};
use crate::functions::CachedFunction;

/// A call that may be made.
#[derive(Debug)]
pub struct CallAccess {
    /// The version that runs.
    pub function: Arc<CachedFunction>,
    /// `ctx.caller`
    pub caller: Caller,
    /// The database role that it runs as.
    pub identity: Identity,
}

/// A client that may have a socket.
#[derive(Debug, Clone)]
pub struct ClientAccess {
    /// `ctx.caller` of the functions that its frames run.
    pub caller: Caller,
    /// The database role that these run as.
    pub identity: Identity,
    /// Until when its credential is good, in seconds since 1970.
    pub ends: Option<f64>,
}

/// Who calls an app's tools.
#[derive(Debug, Clone)]
pub struct AppAgent {
    /// `ctx.caller` of the functions that its calls run.
    pub caller: Caller,
    /// The database role that these run as.
    pub identity: Identity,
    /// By a key; `None`: an end user.
    pub manager: Option<Manager>,
    /// In which session.
    pub session: Option<AgentSession>,
}

impl AppAgent {
    /// Who manages the app, as the service role or as a user.
    ///
    /// # Errors
    /// As [`impersonate`].
    pub fn manager(manager: Manager, as_user: Option<String>) -> ApiResult<Self> {
        let (caller, identity) = impersonate(Caller::manager(&manager), as_user, true)?;
        Ok(Self { caller, identity, manager: Some(manager), session: None })
    }

    /// An end user.
    pub(super) fn end_user(user: &EndUser) -> Self {
        let identity = Identity::User { id: user.id.clone() };
        Self { caller: Caller::end_user(user), identity, manager: None, session: None }
    }

    /// Whether it may do this.
    pub fn has(&self, scope: Scope) -> bool {
        match &self.manager {
            Some(Manager::Admin) => true,
            Some(Manager::Key { scopes, .. }) => scopes.contains(&scope),
            None => false,
        }
    }
}

impl CallAccess {
    /// Whether the caller may see stacks and timings: service keys may.
    pub fn is_trusted(&self) -> bool {
        self.caller.kind == CallerKind::ServiceKey
    }
}
