//! `/v1/{app}/env` and `/v1/{app}/functions/{name}/env`: names out, values only in.

use serde_json::json;

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_core::env::read_change;

pub(crate) async fn get_app(edge: &Edge, app: &str) -> ApiResult<Reply> {
    body::ok(&json!({ "keys": edge.env.app_names(app).await? }))
}

pub(crate) async fn patch_app(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let change = read_change(body::decode(&request.body)?)?;
    let names = edge.env.patch_app(app, change).await?;
    body::ok(&json!({ "message": "Environment updated", "updatedKeys": names }))
}

pub(crate) async fn patch_function(
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
        "function": { "id": function.id, "name": function.name, "updated_at": rfc3339(mayfly_common::clock::now()) },
        "updatedKeys": names,
    }))
}
