//! `/v1/{app}/functions/{name}/versions`.

use serde_json::{Value, json};

use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_store::{Rollout, Version};

pub(crate) async fn list(edge: &Edge, app: &str, name: &str) -> ApiResult<Reply> {
    let versions: Vec<Value> = edge.functions.versions(app, name).await?.iter().map(show).collect();
    let rollout = edge.functions.rollouts.get(app, name).await?;
    body::ok(&json!({ "versions": versions, "rollout": rollout.as_ref().map(show_rollout) }))
}

pub(super) fn show_rollout(rollout: &Rollout) -> Value {
    json!({
        "version": rollout.version,
        "percent": rollout.terms.percent,
        "max_error_percent": rollout.terms.max_error_percent,
        "min_invocations": rollout.terms.min_invocations,
        "state": if rollout.running { "running" } else { "rolled_back" },
        "invocations": rollout.invocations,
        "errors": rollout.errors,
        "started_at": rfc3339(rollout.started_at),
        "ended_at": rollout.ended_at.map(rfc3339),
    })
}

fn show(version: &Version) -> Value {
    json!({
        "id": version.id,
        "version": version.number,
        "active": version.active,
        "file_name": version.file_name,
        "code_bytes": version.code_bytes,
        "created_at": rfc3339(version.created_at),
        "schema_fingerprint": version.schema_fingerprint,
    })
}
