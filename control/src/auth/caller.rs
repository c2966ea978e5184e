//! `ctx.caller`: what a function gets to know about who called it.

use serde::Serialize;

use crate::store::Scope;

/// By what right a function was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerKind {
    /// A service key of the app.
    ServiceKey,
    /// Nobody in particular.
    Anonymous,
}

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

impl CallerKind {
    /// As it is written in records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceKey => "service_key",
            Self::Anonymous => "anonymous",
        }
    }
}

impl Caller {
    /// A service key of the app.
    pub fn service_key(id: String, scopes: &[Scope]) -> Self {
        let names: Vec<&str> = scopes.iter().map(|scope| scope.as_str()).collect();
        Self { kind: CallerKind::ServiceKey, key_id: Some(id), scope: Some(names.join(" ")), user_id: None }
    }

    /// Nobody, or an app's public client by its anon key.
    pub fn anonymous(key_id: Option<String>) -> Self {
        Self { kind: CallerKind::Anonymous, key_id, scope: None, user_id: None }
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
