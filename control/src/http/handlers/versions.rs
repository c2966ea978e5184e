//! `/v1/{app}/functions/{name}/versions`.

use serde_json::{Value, json};

use crate::clock::rfc3339;
use crate::error::ApiResult;
use crate::http::{Edge, Reply, json as body};
use crate::store::Version;

pub(in crate::http) async fn list(edge: &Edge, app: &str, name: &str) -> ApiResult<Reply> {
    let versions: Vec<Value> = edge.functions.versions(app, name).await?.iter().map(show).collect();
    body::ok(&json!({ "versions": versions }))
}

fn show(version: &Version) -> Value {
    json!({
        "id": version.id,
        "version": version.number,
        "active": version.active,
        "file_name": version.file_name,
        "code_bytes": version.code_bytes,
        "created_at": rfc3339(version.created_at),
    })
}
