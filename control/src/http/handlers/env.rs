//! `/v1/{app}/env` and `/v1/{app}/functions/{name}/env`: names out, values only in.

use serde_json::json;

use crate::clock::rfc3339;
use crate::error::ApiResult;
use crate::http::stage::Admitted;
use crate::http::{Edge, Reply, json as body};
use crate::service::env::read_change;

pub(in crate::http) async fn get_app(edge: &Edge, app: &str) -> ApiResult<Reply> {
    body::ok(&json!({ "keys": edge.env.app_names(app).await? }))
}

pub(in crate::http) async fn patch_app(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let change = read_change(body::decode(&request.body)?)?;
    let names = edge.env.patch_app(app, change).await?;
    body::ok(&json!({ "message": "Environment updated", "updatedKeys": names }))
}

pub(in crate::http) async fn patch_function(
    edge: &Edge,
    request: &Admitted,
    app: &str,
    name: &str,
) -> ApiResult<Reply> {
    let change = read_change(body::decode(&request.body)?)?;
    let function = edge.functions.find(app, name).await?;
    let names = edge.env.patch_function(&function, change).await?;
    body::ok(&json!({
        "message": "Environment updated",
        "function": { "id": function.id, "name": function.name, "updated_at": rfc3339(crate::clock::now()) },
        "updatedKeys": names,
    }))
}
