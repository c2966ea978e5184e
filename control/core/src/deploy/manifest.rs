//! The body of a deploy: every field with its bound, and nothing else.

use std::collections::BTreeMap;

use serde_json::Value;

use super::triggers;
use crate::env;
use crate::rollouts::RolloutChange;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;
use mayfly_api::names;
use mayfly_store::{AgentToolExposure, AgentToolMode, RolloutTerms, SettingsPatch, Trigger};

/// The longest source.
const CODE_BYTES_MAX: usize = 1 << 20;
/// The longest source map of a bundler's.
const SOURCE_MAP_BYTES_MAX: usize = 8 << 20;

/// A deploy that was asked for, checked as far as that goes without running it.
#[derive(Debug)]
pub struct Manifest {
    /// The function's name.
    pub name: String,
    /// Its source.
    pub code: String,
    /// What a bundler made it of.
    pub source_map: Option<String>,
    /// The author's words.
    pub description: Option<String>,
    /// All of its environment, where given.
    pub env: Option<BTreeMap<String, String>>,
    /// Limits and switches, where given.
    pub settings: SettingsPatch,
    /// Its triggers, where given.
    pub triggers: Option<Vec<Trigger>>,
    /// Its share of the calls, where it is not to serve all.
    pub rollout: Option<RolloutTerms>,
}

impl Manifest {
    /// Read the body of `POST /v1/{app}/functions`.
    pub fn read(body: Value) -> ApiResult<Self> {
        let mut fields = Fields::of(body, "")?;
        let name = fields.required_text("name", 1, names::FUNCTION_NAME_CHARS_MAX)?;
        if !names::is_function_name(&name) {
            return Err(ApiError::invalid("name", "must match ^[A-Za-z0-9_-]{1,100}$"));
        }
        let code = fields.required_text("code", 1, CODE_BYTES_MAX)?;
        if code.len() > CODE_BYTES_MAX {
            return Err(ApiError::invalid("code", format!("may have {CODE_BYTES_MAX} bytes at most")));
        }
        let source_map = fields.text("sourceMap", 1, SOURCE_MAP_BYTES_MAX)?;
        let description = fields.text("description", 0, 1_000)?;
        let env = fields.object("envVars")?.map(env::read_all).transpose()?;
        let triggers = triggers::read(&mut fields)?;
        let settings = settings(&mut fields)?;
        let rollout = fields.take("rollout").map(RolloutChange::read).transpose()?;
        let rollout = rollout.map(RolloutChange::for_deploy).transpose()?;
        fields.finish()?;
        Ok(Self { name, code, source_map, description, env, settings, triggers, rollout })
    }
}

/// Read the body of `PATCH .../settings`: any of the settings of a deploy, and `rollout`; at least one.
pub fn read_settings(body: Value) -> ApiResult<(SettingsPatch, Option<RolloutChange>)> {
    let mut fields = Fields::of(body, "")?;
    let patch = settings(&mut fields)?;
    let rollout = fields.take("rollout").map(RolloutChange::read).transpose()?;
    fields.finish()?;
    if patch == SettingsPatch::default() && rollout.is_none() {
        return Err(ApiError::invalid("", "name at least one setting"));
    }
    Ok((patch, rollout))
}

fn settings(fields: &mut Fields) -> ApiResult<SettingsPatch> {
    Ok(SettingsPatch {
        timeout_ms: fields.number("timeoutMs", 1, 300_000)?,
        cpu_limit_ms: fields.number("cpuLimitMs", 1, 300_000)?,
        memory_limit_mb: fields.number("memoryLimitMb", 16, 1_024)?,
        agent_tool: fields.flag("agent_tool")?,
        agent_tool_description: fields.text("agent_tool_description", 0, 500)?,
        agent_tool_mode: fields.choice("agent_tool_mode", "read_only, read_write", AgentToolMode::parse)?,
        agent_tool_exposed_to: fields.choice(
            "agent_tool_exposed_to",
            "developer_only, end_user",
            AgentToolExposure::parse,
        )?,
        allow_service_key_impersonation: fields.flag("allow_service_key_impersonation")?,
        record_percent: fields.number("recordPercent", 0, 100)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(name: &str, value: Value) -> Value {
        let mut body = json!({"name": "hello", "code": "export default () => new Response()"});
        body[name] = value;
        body
    }

    #[test]
    fn the_smallest_body_leaves_everything_as_it_is() {
        let manifest = Manifest::read(with("description", Value::Null)).unwrap();
        assert_eq!(manifest.settings, SettingsPatch::default());
        assert!(manifest.triggers.is_none() && manifest.env.is_none() && manifest.description.is_none());
    }

    #[test]
    fn every_field_is_checked_at_its_bounds() {
        for (name, good) in [
            ("name", json!("a".repeat(100))),
            ("code", json!("x".repeat(CODE_BYTES_MAX))),
            ("timeoutMs", json!(1)),
            ("timeoutMs", json!(300_000)),
            ("cpuLimitMs", json!(300_000)),
            ("memoryLimitMb", json!(16)),
            ("memoryLimitMb", json!(1024)),
            ("agent_tool", json!(true)),
            ("agent_tool_description", json!("x".repeat(500))),
            ("agent_tool_mode", json!("read_write")),
            ("agent_tool_exposed_to", json!("end_user")),
            ("allow_service_key_impersonation", json!(false)),
            ("recordPercent", json!(100)),
            ("envVars", json!({"A": "1"})),
        ] {
            assert!(Manifest::read(with(name, good.clone())).is_ok(), "{name}");
        }
        for (name, bad) in [
            ("name", json!("a".repeat(101))),
            ("name", json!("a b")),
            ("name", json!("")),
            ("name", Value::Null),
            ("code", json!("")),
            ("code", json!("x".repeat(CODE_BYTES_MAX + 1))),
            ("code", json!("\u{e4}".repeat(CODE_BYTES_MAX / 2 + 1))),
            ("description", json!(1)),
            ("timeoutMs", json!(0)),
            ("timeoutMs", json!(300_001)),
            ("timeoutMs", json!("30000")),
            ("cpuLimitMs", json!(-1)),
            ("memoryLimitMb", json!(15)),
            ("memoryLimitMb", json!(1025)),
            ("agent_tool", json!("true")),
            ("agent_tool_description", json!("x".repeat(501))),
            ("agent_tool_mode", json!("write")),
            ("agent_tool_exposed_to", json!("everyone")),
            ("allow_service_key_impersonation", json!(1)),
            ("recordPercent", json!(101)),
            ("envVars", json!({"BUTTERBASE_X": "1"})),
            ("memory", json!(128)),
        ] {
            let error = Manifest::read(with(name, bad)).unwrap_err();
            assert!(error.message().starts_with(name), "{name}: {}", error.message());
        }
        assert!(read_settings(json!({})).is_err());
        assert!(read_settings(json!({"code": "x"})).is_err());
        assert_eq!(read_settings(json!({"timeoutMs": 5})).unwrap().0.timeout_ms, Some(5));
    }
}
