//! What a passed check yields: the proof that handlers are given.

use std::sync::Arc;

use super::caller::{Caller, CallerKind};
use crate::invoke::Target;
use mayfly_api::scope::Scope;
use mayfly_tenant_db::identity::Identity;

/// Why a request may be served.
#[derive(Debug)]
pub enum Access {
    /// Anyone may.
    Open,
    /// The operator.
    Admin,
    /// Someone who may manage the app in the path.
    App(Manager),
    /// Someone who may call the function in the path.
    Call(Box<CallAccess>),
}

/// Who manages an app.
#[derive(Debug, Clone)]
pub enum Manager {
    /// The operator.
    Admin,
    /// A service key of that app.
    Key {
        /// `key_...`
        id: String,
        /// What it may do.
        scopes: Vec<Scope>,
    },
}

/// A call that may be made.
#[derive(Debug)]
pub struct CallAccess {
    /// What is called.
    pub target: Arc<Target>,
    /// `ctx.caller`
    pub caller: Caller,
    /// Whom the database takes it for.
    pub identity: Identity,
}

impl Access {
    /// Whether the caller may see stacks and timings: service and admin keys.
    pub fn is_trusted(&self) -> bool {
        match self {
            Self::Open => false,
            Self::Admin | Self::App(_) => true,
            Self::Call(call) => call.caller.kind == CallerKind::ServiceKey,
        }
    }
}

impl Manager {
    /// `ctx.caller` of a function that is run by way of the management route.
    pub fn caller(&self) -> Caller {
        match self {
            Self::Admin => Caller {
                kind: CallerKind::ServiceKey,
                key_id: None,
                scope: None,
                user_id: None,
                claims: None,
            },
            Self::Key { id, scopes } => Caller::service_key(id.clone(), scopes),
        }
    }

    /// The key, for records that name one.
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Admin => None,
            Self::Key { id, .. } => Some(id),
        }
    }

    /// Whether a key with these scopes may be made: nobody hands out more than they have.
    pub fn may_grant(&self, wanted: &[Scope]) -> bool {
        match self {
            Self::Admin => true,
            Self::Key { scopes, .. } => wanted.iter().all(|scope| scopes.contains(scope)),
        }
    }
}
