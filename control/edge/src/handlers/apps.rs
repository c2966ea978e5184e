//! `/v1/apps` and `/v1/apps/{app}`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body, query};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_store::App;

pub(crate) async fn list(edge: &Edge) -> ApiResult<Reply> {
    let apps: Vec<Value> = edge.apps.list().await?.iter().map(|app| show(edge, app)).collect();
    body::ok(&json!({ "apps": apps }))
}

pub(crate) async fn create(edge: &Edge, request: &Admitted) -> ApiResult<Reply> {
    let created = edge.apps.create(body::decode(&request.body)?).await?;
    let reply = json!({
        "app_id": created.app.id,
        "name": created.app.name,
        "service_key": created.service_key,
        "anon_key": created.anon_key,
        "api_base": edge.api_base(&created.app.id),
    });
    Ok(body::reply(StatusCode::CREATED, &reply))
}

pub(crate) async fn get(edge: &Edge, app: &str) -> ApiResult<Reply> {
    body::ok(&show(edge, &edge.apps.get(app).await?))
}

pub(crate) async fn delete(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let pairs = query::pairs(&request.head.uri);
    let confirm = pairs.iter().find(|(name, _)| name == "confirm").map(|(_, value)| value.as_str());
    edge.apps.delete(app, confirm).await?;
    body::ok(&json!({ "success": true }))
}

fn show(edge: &Edge, app: &App) -> Value {
    json!({
        "app_id": app.id,
        "name": app.name,
        "state": app.state.as_str(),
        "paused": app.paused,
        "paused_reason": app.paused_reason,
        "api_base": edge.api_base(&app.id),
        "created_at": rfc3339(app.created_at),
    })
}
