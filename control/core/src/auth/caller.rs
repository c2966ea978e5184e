//! `ctx.caller`: what a function gets to know about who called it.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use mayfly_api::access::Manager;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::scope::Scope;
use mayfly_tenant_db::identity::Identity;

/// By what right a function was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerKind {
    /// A service key of the app.
    ServiceKey,
    /// A token of an end user.
    EndUserJwt,
    /// No credential, or an anon key.
    Anonymous,
    /// Another function of the app, by `ctx.invoke`.
    Loopback,
    /// No caller: a trigger that is not a request.
    Trigger,
}

/// An end user who showed a good token.
#[derive(Debug, Clone)]
pub struct EndUser {
    /// The token's `sub`.
    pub id: String,
    /// All that the token says, as JSON.
    pub claims: Option<Arc<RawValue>>,
    /// Until when the token is good, in seconds since 1970.
    pub ends: f64,
}

/// Who called.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// By what right.
    #[serde(rename = "type")]
    pub kind: CallerKind,
    /// With which key.
    pub key_id: Option<String>,
    /// What that key may do: its scopes, joined by spaces.
    pub scope: Option<String>,
    /// On behalf of which end user.
    pub user_id: Option<String>,
    /// What that user's token says: `ctx.user.claims`.
    #[serde(skip)]
    pub claims: Option<Arc<RawValue>>,
}

impl EndUser {
    /// A user, by a token that says this.
    pub fn new(id: &str, claims: Option<Arc<RawValue>>, ends: f64) -> Self {
        Self { id: id.to_owned(), claims, ends }
    }
}

impl CallerKind {
    /// As it is written in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceKey => "service_key",
            Self::EndUserJwt => "end_user_jwt",
            Self::Anonymous => "anonymous",
            Self::Loopback => "loopback",
            Self::Trigger => "trigger",
        }
    }
}

impl Caller {
    /// Who manages an app, when a function is run by way of a management route.
    pub fn manager(manager: &Manager) -> Self {
        match manager {
            Manager::Admin => {
                Self { kind: CallerKind::ServiceKey, key_id: None, scope: None, user_id: None, claims: None }
            }
            Manager::Key { id, scopes } => Self::service_key(id.clone(), scopes),
        }
    }

    /// A service key of the app.
    pub fn service_key(id: String, scopes: &[Scope]) -> Self {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        let scope = Some(names.join(" "));
        Self { kind: CallerKind::ServiceKey, key_id: Some(id), scope, user_id: None, claims: None }
    }

    /// An end user, by a token.
    pub fn end_user(user: &EndUser) -> Self {
        Self {
            kind: CallerKind::EndUserJwt,
            key_id: None,
            scope: None,
            user_id: Some(user.id.clone()),
            claims: user.claims.clone(),
        }
    }

    /// A trigger fired by itself.
    pub fn trigger() -> Self {
        Self { kind: CallerKind::Trigger, key_id: None, scope: None, user_id: None, claims: None }
    }

    /// A caller without a credential, or with the app's anon key.
    pub fn anonymous(key_id: Option<String>) -> Self {
        Self { kind: CallerKind::Anonymous, key_id, scope: None, user_id: None, claims: None }
    }
}

/// A service key, as itself or as a user.
pub fn impersonate(
    mut caller: Caller,
    as_user: Option<String>,
    allowed: bool,
) -> ApiResult<(Caller, Identity)> {
    match as_user {
        None => Ok((caller, Identity::Service)),
        Some(_) if !allowed => Err(ApiError::new(
            Code::AuthImpersonationDisabled,
            "this function does not let a service key act as a user",
        )),
        Some(id) => {
            caller.user_id = Some(id.clone());
            Ok((caller, Identity::User { id }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_see_the_contracts_names() {
        let caller = Caller::service_key("key_1".into(), &[Scope::Read, Scope::Invoke]);
        assert_eq!(
            serde_json::to_value(caller).unwrap(),
            serde_json::json!({"type":"service_key","keyId":"key_1","scope":"read invoke","userId":null})
        );
    }
}
