//! Keys of an app: make, list, revoke. A key is shown when it is made, and never again.

use serde_json::Value;

use crate::auth::{Manager, key};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::fields::Fields;
use mayfly_api::scope::Scope;
use mayfly_store::{ApiKey, ApiKeyKind, NewKey, Store};

/// Characters of a key that are kept to recognise it by.
const PREFIX_CHARS: usize = 12;

/// Use cases of keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The platform's tables.
    pub store: Store,
}

/// A key to be.
#[derive(Debug)]
pub struct KeyRequest {
    kind: ApiKeyKind,
    name: Option<String>,
    scopes: Vec<Scope>,
}

impl KeyRequest {
    /// Read `{name?, type?, scopes?}`.
    pub fn read(body: Value) -> ApiResult<Self> {
        let mut fields = Fields::of(body, "")?;
        let name = fields.text("name", 1, 100)?;
        let kind = fields.choice("type", "service, anon", |word| match word {
            "service" => Some(ApiKeyKind::Service),
            "anon" => Some(ApiKeyKind::Anon),
            _ => None,
        })?;
        let kind = kind.unwrap_or(ApiKeyKind::Service);
        let scopes = read_scopes(fields.list("scopes", Scope::ALL.len())?)?;
        fields.finish()?;
        match (kind, scopes) {
            (ApiKeyKind::Anon, Some(_)) => Err(ApiError::invalid("scopes", "an anon key has none")),
            (ApiKeyKind::Anon, None) => Ok(Self { kind, name, scopes: Vec::new() }),
            (ApiKeyKind::Service, scopes) => {
                Ok(Self { kind, name, scopes: scopes.unwrap_or_else(|| Scope::ALL.to_vec()) })
            }
        }
    }
}

fn read_scopes(list: Option<Vec<Value>>) -> ApiResult<Option<Vec<Scope>>> {
    let Some(list) = list else { return Ok(None) };
    let mut scopes = Vec::with_capacity(list.len());
    for (place, item) in list.iter().enumerate() {
        let scope = item.as_str().and_then(Scope::parse).ok_or_else(|| {
            ApiError::invalid(&format!("scopes[{place}]"), "must be one of read, deploy, invoke, schema")
        })?;
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    if scopes.is_empty() {
        return Err(ApiError::invalid("scopes", "must name at least one"));
    }
    Ok(Some(scopes))
}

impl Keys {
    /// Make a key on behalf of a manager, who cannot hand out more than they have.
    pub async fn create(&self, app: &str, by: &Manager, request: KeyRequest) -> ApiResult<(String, ApiKey)> {
        if !by.may_grant(&request.scopes) {
            return Err(ApiError::new(
                Code::AuthForbidden,
                "a key can only make keys with the scopes that it has itself",
            ));
        }
        self.insert(app, request.kind, request.name, request.scopes).await
    }

    pub(super) async fn insert(
        &self,
        app: &str,
        kind: ApiKeyKind,
        name: Option<String>,
        scopes: Vec<Scope>,
    ) -> ApiResult<(String, ApiKey)> {
        let secret = match kind {
            ApiKeyKind::Service => key::new_service()?,
            ApiKeyKind::Anon => key::new_anon()?,
        };
        let prefix = secret.chars().take(PREFIX_CHARS).collect();
        let row = NewKey { kind, name, hash: key::hash(&secret), prefix, scopes };
        let stored = self.store.keys().insert(app, &row).await?;
        Ok((secret, stored))
    }

    /// The app's keys, without the keys.
    pub async fn list(&self, app: &str) -> ApiResult<Vec<ApiKey>> {
        Ok(self.store.keys().list(app).await?)
    }

    /// Revoke a key.
    pub async fn revoke(&self, app: &str, id: &str) -> ApiResult<()> {
        match self.store.keys().revoke(app, id).await? {
            true => Ok(()),
            false => Err(ApiError::not_found("the key")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_request_is_read_strictly() {
        let read = |body| KeyRequest::read(body).map_err(|error| error.message().to_owned());
        assert_eq!(read(json!({})).unwrap().scopes, Scope::ALL);
        assert_eq!(read(json!({"scopes": ["read", "read"]})).unwrap().scopes, [Scope::Read]);
        assert_eq!(read(json!({"type": "anon"})).unwrap().kind, ApiKeyKind::Anon);
        for (body, path) in [
            (json!({"scopes": []}), "scopes: "),
            (json!({"scopes": ["all"]}), "scopes[0]: "),
            (json!({"scopes": "read"}), "scopes: "),
            (json!({"type": "admin"}), "type: "),
            (json!({"type": "anon", "scopes": ["read"]}), "scopes: "),
            (json!({"name": ""}), "name: "),
            (json!({"key": "bb_sk_x"}), "key: is not a known field"),
        ] {
            assert!(read(body.clone()).unwrap_err().starts_with(path), "{body}");
        }
    }
}
