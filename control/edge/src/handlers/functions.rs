//! `/v1/{app}/functions` and `/v1/{app}/functions/{name}`, for their owner.

use serde_json::{Value, json};

use crate::handlers::versions::show_rollout;
use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_core::deploy::read_settings;
use mayfly_core::functions::Whole;
use mayfly_store::{Function, FunctionStats, Trigger, TriggerKind};

/// Failures beyond this share of the last day's invocations make a function's status `error`.
const ERROR_RATE: f64 = 0.1;

pub(crate) async fn list(edge: &Edge, app: &str) -> ApiResult<Reply> {
    let functions = edge.functions.list(app).await?;
    let shown: Vec<Value> = functions.iter().map(|(function, stats)| show(edge, function, stats)).collect();
    body::ok(&json!({ "functions": shown }))
}

pub(crate) async fn get(edge: &Edge, app: &str, name: &str) -> ApiResult<Reply> {
    let Whole { function, source, env_names, stats } = edge.functions.get(app, name).await?;
    let mut reply = show(edge, &function, &stats);
    let settings = &function.settings;
    for (name, value) in [
        ("code", json!(source.as_ref().map(|source| source.code.as_str()))),
        ("envKeys", json!(env_names)),
        ("timeoutMs", json!(settings.timeout_ms)),
        ("cpuLimitMs", json!(settings.cpu_limit_ms)),
        ("memoryLimitMb", json!(settings.memory_limit_mb)),
        ("recordPercent", json!(settings.record_percent)),
        ("errorCount", json!(stats.error_count)),
        ("avgDuration", json!(stats.duration_ms)),
        ("schema_fingerprint", json!(function.schema_fingerprint)),
        ("createdAt", json!(rfc3339(function.created_at))),
        ("updatedAt", json!(rfc3339(function.updated_at))),
    ] {
        reply[name] = value;
    }
    body::ok(&reply)
}

pub(crate) async fn delete(edge: &Edge, app: &str, name: &str) -> ApiResult<Reply> {
    edge.functions.delete(app, name).await?;
    body::ok(&json!({ "success": true }))
}

pub(crate) async fn patch_settings(
    edge: &Edge,
    request: &Admitted,
    app: &str,
    name: &str,
) -> ApiResult<Reply> {
    let (patch, rollout) = read_settings(body::decode(&request.body)?)?;
    let function = edge.functions.patch_settings(app, name, &patch, rollout).await?;
    let rollout = edge.functions.rollouts.get(app, name).await?;
    let settings = &function.settings;
    body::ok(&json!({
        "message": "Settings updated",
        "function": {
            "id": function.id,
            "name": function.name,
            "timeoutMs": settings.timeout_ms,
            "cpuLimitMs": settings.cpu_limit_ms,
            "memoryLimitMb": settings.memory_limit_mb,
            "recordPercent": settings.record_percent,
            "agent_tool": settings.agent_tool,
            "agent_tool_description": settings.agent_tool_description,
            "agent_tool_mode": settings.agent_tool_mode.as_str(),
            "agent_tool_exposed_to": settings.agent_tool_exposed_to.as_str(),
            "allow_service_key_impersonation": settings.allow_service_key_impersonation,
            "rollout": rollout.as_ref().map(show_rollout),
            "updated_at": rfc3339(function.updated_at),
        },
    }))
}

/// What the list shows of a function.
fn show(edge: &Edge, function: &Function, stats: &FunctionStats) -> Value {
    let settings = &function.settings;
    json!({
        "id": function.id,
        "name": function.name,
        "description": function.description,
        "version": function.active_version,
        "triggers": function.triggers.iter().map(show_trigger).collect::<Vec<_>>(),
        "url": function_url(edge, &function.app_id, &function.name, &function.triggers),
        "status": if stats.error_rate_24h > ERROR_RATE { "error" } else { "active" },
        "deployedAt": function.deployed_at.map(rfc3339),
        "lastInvoked": stats.last_invoked_at.map(rfc3339),
        "lastStatus": stats.last_status,
        "invocationCount": stats.invocation_count,
        "errorRate": stats.error_rate_24h,
        "avgDuration": stats.duration_ms_24h,
        "agent_tool": settings.agent_tool,
        "agent_tool_description": settings.agent_tool_description,
        "agent_tool_mode": settings.agent_tool_mode.as_str(),
        "agent_tool_exposed_to": settings.agent_tool_exposed_to.as_str(),
        "allow_service_key_impersonation": settings.allow_service_key_impersonation,
    })
}

fn show_trigger(trigger: &Trigger) -> Value {
    json!({ "type": trigger.kind.as_str(), "config": trigger.config, "enabled": trigger.enabled })
}

/// Where a function is called; nothing without an http trigger.
pub(super) fn function_url(edge: &Edge, app: &str, name: &str, triggers: &[Trigger]) -> Option<String> {
    triggers
        .iter()
        .any(|trigger| trigger.kind == TriggerKind::Http)
        .then(|| format!("{}/fn/{name}", edge.api_base(app)))
}
