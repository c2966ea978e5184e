//! `/v1/{app}/auth/...` and `/auth/{app}/.well-known/jwks.json`.

use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_core::tokens::TokenRequest;
use mayfly_store::SigningKeyRow;

pub(crate) async fn mint(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let minted = edge.tokens.mint(app, TokenRequest::read(body::decode(&request.body)?)?).await?;
    body::ok(&json!({ "token": minted.token, "expires_at": rfc3339(minted.expires_at) }))
}

pub(crate) async fn list_keys(edge: &Edge, app: &str) -> ApiResult<Reply> {
    let keys: Vec<Value> = edge.tokens.keys(app).await?.rows().iter().map(show).collect();
    body::ok(&json!({ "keys": keys }))
}

pub(crate) async fn import_key(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let key = edge.tokens.import(app, body::decode(&request.body)?).await?;
    Ok(body::reply(StatusCode::CREATED, &show(&key)))
}

pub(crate) async fn rotate(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let wanted = if request.body.is_empty() { json!({}) } else { body::decode(&request.body)? };
    let key = edge.tokens.rotate(app, wanted).await?;
    Ok(body::reply(StatusCode::CREATED, &show(&key)))
}

pub(crate) async fn remove_key(edge: &Edge, app: &str, kid: &str) -> ApiResult<Reply> {
    edge.tokens.remove(app, kid).await?;
    body::ok(&json!({ "success": true }))
}

pub(crate) async fn jwks(edge: &Edge, app: &str) -> ApiResult<Reply> {
    let mut reply = body::ok(&edge.tokens.jwks(app).await?)?;
    // As long as other servers may go on believing in a key that was taken back.
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    // Public keys are for everyone, pages too.
    reply.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(reply)
}

fn show(key: &SigningKeyRow) -> Value {
    json!({
        "kid": key.kid,
        "algorithm": key.public_jwk["alg"],
        "state": if key.signing { "signing" } else { "verifying" },
        "imported": key.private_encrypted.is_none(),
        "verifies_until": key.verifies_until.map(rfc3339),
        "created_at": rfc3339(key.created_at),
    })
}
