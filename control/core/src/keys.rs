//! Keys of an app: make, list, revoke. A key is shown when it is made, and never again.

use mayfly_api::access::Manager;
use mayfly_api::apps::Success;
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::keys::{ApiKeyKind, CreateKey, CreatedKey, KeyInfo, KeyList};
use mayfly_api::routes::{KeysCreate, KeysList, KeysRevoke};
use mayfly_api::scope::Scope;
use mayfly_api::value::Text;
use mayfly_store::{ApiKey, NewKey, Store};

use crate::auth::key;
use crate::invalidation::CacheInvalidator;

/// Characters of a key that are kept to recognise it by.
const PREFIX_CHARS: usize = 12;

/// Use cases of keys.
#[derive(Debug, Clone)]
pub struct Keys {
    /// The platform's tables.
    pub store: Store,
    /// Told of what changed.
    pub invalidator: CacheInvalidator,
}

impl Keys {
    pub(crate) async fn insert(
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
}

impl Handler<KeysList> for Keys {
    async fn handle(&self, call: ApiCall<KeysList>) -> ApiResult<KeyList> {
        let keys = self.store.keys().list(&call.context.app).await?.into_iter().map(info).collect();
        Ok(KeyList { keys })
    }
}

impl Handler<KeysCreate> for Keys {
    async fn handle(&self, call: ApiCall<KeysCreate>) -> ApiResult<CreatedKey> {
        let CreateKey { name, kind, scopes } = call.body.0;
        let kind = kind.unwrap_or(ApiKeyKind::Service);
        let scopes = scopes_of(kind, scopes.map(mayfly_api::value::List::into_vec))?;
        check_grant(&call.context.manager, &scopes)?;
        let (key, row) = self.insert(&call.context.app, kind, name.map(Text::into_string), scopes).await?;
        Ok(CreatedKey { info: info(row), key })
    }
}

impl Handler<KeysRevoke> for Keys {
    async fn handle(&self, call: ApiCall<KeysRevoke>) -> ApiResult<Success> {
        let revoked = self.store.keys().revoke(&call.context.app, call.context.name()).await?;
        self.invalidator.keys_changed();
        if revoked { Ok(Success::DONE) } else { Err(ApiError::not_found("the key")) }
    }
}

/// Without doubles, in the order in which they were named; all of them where none is.
fn scopes_of(kind: ApiKeyKind, named: Option<Vec<Scope>>) -> ApiResult<Vec<Scope>> {
    match (kind, named) {
        (ApiKeyKind::Anon, Some(_)) => Err(ApiError::invalid("scopes", "an anon key has none")),
        (ApiKeyKind::Anon, None) => Ok(Vec::new()),
        (ApiKeyKind::Service, None) => Ok(Scope::ALL.to_vec()),
        (ApiKeyKind::Service, Some(named)) => {
            let mut scopes = Vec::with_capacity(named.len());
            for scope in named {
                if !scopes.contains(&scope) {
                    scopes.push(scope);
                }
            }
            Ok(scopes)
        }
    }
}

fn check_grant(by: &Manager, scopes: &[Scope]) -> ApiResult<()> {
    if by.may_grant(scopes) {
        return Ok(());
    }
    Err(ApiError::new(Code::AuthForbidden, "a key can only make keys with the scopes that it has itself"))
}

fn info(key: ApiKey) -> KeyInfo {
    KeyInfo {
        id: key.id,
        kind: key.kind,
        name: key.name,
        prefix: key.prefix,
        scopes: key.scopes,
        created_at: key.created_at.into(),
        revoked_at: key.revoked_at.map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_request_is_read_strictly() {
        let read = |sent: serde_json::Value| {
            mayfly_api::decode::body::<CreateKey>(sent.to_string().as_bytes())
                .and_then(|wanted| {
                    let kind = wanted.kind.unwrap_or(ApiKeyKind::Service);
                    scopes_of(kind, wanted.scopes.map(mayfly_api::value::List::into_vec))
                })
                .map_err(|error| error.message().to_owned())
        };
        assert_eq!(read(json!({})).unwrap(), Scope::ALL);
        assert_eq!(read(json!({"scopes": ["read", "read"]})).unwrap(), [Scope::Read]);
        assert_eq!(read(json!({"type": "anon"})).unwrap(), []);
        for (sent, path) in [
            (json!({"scopes": []}), "scopes: must name at least one"),
            (json!({"scopes": ["all"]}), "scopes[0]: must be one of read, deploy, invoke, schema, run"),
            (json!({"scopes": "read"}), "scopes: "),
            (json!({"type": "admin"}), "type: "),
            (json!({"type": "anon", "scopes": ["read"]}), "scopes: "),
            (json!({"name": ""}), "name: "),
            (json!({"key": "bb_sk_x"}), "key: is not a known field"),
        ] {
            let message = read(sent.clone()).unwrap_err();
            assert!(message.starts_with(path), "{sent}: {message}");
        }
    }
}
