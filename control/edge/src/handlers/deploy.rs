//! `POST /v1/{app}/functions` and `POST .../rollback`: both let another version serve.

use serde_json::{Value, json};

use crate::handlers::functions::function_url;
use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_api::fields::Fields;
use mayfly_common::clock::rfc3339;
use mayfly_core::deploy::Manifest;
use mayfly_store::Deployed;

pub(crate) async fn deploy(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let manifest = Manifest::read(body::decode(&request.body)?)?;
    let made = edge.deploy.run(app, manifest).await?;
    let mut reply = show(edge, app, &made.name, &made.deployed);
    reply["image_bytes"] = made.image_bytes.into();
    reply["init_fuel"] = made.init_fuel.into();
    body::ok(&reply)
}

pub(crate) async fn rollback(edge: &Edge, request: &Admitted, app: &str, name: &str) -> ApiResult<Reply> {
    let wanted = if request.body.is_empty() { json!({}) } else { body::decode(&request.body)? };
    let mut fields = Fields::of(wanted, "")?;
    let version = fields.number("version", 1, u32::MAX)?;
    fields.finish()?;
    let deployed = edge.deploy.rollback(app, name, version).await?;
    let then = deployed.schema_fingerprint.as_deref();
    let warnings = edge.schemas.version_warnings(app, deployed.version, then).await;
    let mut reply = show(edge, app, name, &deployed);
    reply["warnings"] = warnings.into();
    body::ok(&reply)
}

fn show(edge: &Edge, app: &str, name: &str, deployed: &Deployed) -> Value {
    let triggers: Vec<Value> = deployed
        .triggers
        .iter()
        .map(|trigger| json!({ "type": trigger.kind.as_str(), "enabled": trigger.enabled }))
        .collect();
    json!({
        "id": deployed.function_id,
        "function_id": deployed.function_id,
        "name": name,
        "url": function_url(edge, app, name, &deployed.triggers),
        "status": "deployed",
        "version": deployed.version,
        "triggers": triggers,
        "deployedAt": rfc3339(deployed.deployed_at),
        "schema_fingerprint": deployed.schema_fingerprint,
    })
}
