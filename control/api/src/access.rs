//! Who may use a route, and who does.

use crate::scope::Scope;

/// What a caller has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Anyone.
    Open,
    /// The operator.
    Admin,
    /// The operator, or a service key of the app with this scope.
    App(Scope),
    /// The operator, or a service key of any app: what is asked for inside is authorized there.
    Key,
    /// The operator, a service key of the app with the scope `invoke`, or one of its end users.
    Agent,
    /// Decided by the function's own trigger.
    Function,
    /// A client of the app: an end user, an anon key or a service key. Refused on the open socket, where a page can read why.
    Client,
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

impl Manager {
    /// The key, for records that name one.
    pub fn key_id(&self) -> Option<&str> {
        match self {
            Self::Admin => None,
            Self::Key { id, .. } => Some(id),
        }
    }

    /// Whether a key with these scopes may be made: a key cannot grant more than it has.
    pub fn may_grant(&self, wanted: &[Scope]) -> bool {
        match self {
            Self::Admin => true,
            Self::Key { scopes, .. } => wanted.iter().all(|scope| scopes.contains(scope)),
        }
    }
}
