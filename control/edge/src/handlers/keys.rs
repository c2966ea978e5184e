//! `/v1/{app}/keys`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_core::keys::KeyRequest;
use mayfly_store::ApiKey;

pub(crate) async fn list(edge: &Edge, app: &str) -> ApiResult<Reply> {
    let keys: Vec<Value> = edge.keys.list(app).await?.iter().map(show).collect();
    body::ok(&json!({ "keys": keys }))
}

pub(crate) async fn create(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let wanted =
        KeyRequest::read(if request.body.is_empty() { json!({}) } else { body::decode(&request.body)? })?;
    let (secret, key) = edge.keys.create(app, request.manager()?, wanted).await?;
    let mut reply = show(&key);
    reply["key"] = secret.into();
    Ok(body::reply(StatusCode::CREATED, &reply))
}

pub(crate) async fn revoke(edge: &Edge, app: &str, key: &str) -> ApiResult<Reply> {
    edge.keys.revoke(app, key).await?;
    edge.authenticator.forget_keys();
    body::ok(&json!({ "success": true }))
}

fn show(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "type": key.kind.as_str(),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "created_at": rfc3339(key.created_at),
        "revoked_at": key.revoked_at.map(rfc3339),
    })
}
