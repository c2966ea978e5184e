//! `Manifest`: a deploy that was asked for, checked.

use std::collections::BTreeMap;

use mayfly_api::error::ApiResult;
use mayfly_api::functions::{DeployFunction, SettingsChange};
use mayfly_api::triggers::{Trigger, TriggerKind};
use mayfly_api::value::Text;
use mayfly_store::RolloutTerms;

use crate::env::check_all;
use crate::functions::{check_tool, deploy_terms};
use crate::triggers;

/// A deploy that was asked for, checked as far as that goes without running it.
#[derive(Debug)]
pub(super) struct Manifest {
    /// The function's name.
    pub(super) name: String,
    /// Its source.
    pub(super) code: String,
    /// What a bundler made it of.
    pub(super) source_map: Option<String>,
    /// The author's words.
    pub(super) description: Option<String>,
    /// All of its environment, where given.
    pub(super) env: Option<BTreeMap<String, String>>,
    /// Limits and switches, where given.
    pub(super) settings: SettingsChange,
    /// Its triggers, where given.
    pub(super) triggers: Option<Vec<Trigger>>,
    /// Whether they were sent as a list.
    triggers_are_listed: bool,
    /// Its share of the calls, where it is not to serve all.
    pub(super) rollout: Option<RolloutTerms>,
}

impl Manifest {
    /// Check what was asked for, as far as that goes without running it.
    ///
    /// # Errors
    /// `VALIDATION_INVALID_SCHEMA` with the path of the mistake.
    pub(super) fn of(wanted: DeployFunction) -> ApiResult<Self> {
        let settings = wanted.settings();
        check_tool(&wanted.name, &settings)?;
        if let Some(env) = &wanted.env_vars {
            check_all(env)?;
        }
        Ok(Self {
            triggers_are_listed: wanted.triggers.is_some(),
            triggers: triggers::read(wanted.trigger, wanted.triggers)?,
            rollout: wanted.rollout.map(|rollout| deploy_terms(&rollout)).transpose()?,
            name: wanted.name.into_string(),
            code: wanted.code.into_string(),
            source_map: wanted.source_map.map(Text::into_string),
            description: wanted.description.map(Text::into_string),
            env: wanted.env_vars,
            settings,
        })
    }

    /// The webhook trigger among them, and where its config stands in the request.
    pub(super) fn webhook(&mut self) -> Option<(&mut Trigger, String)> {
        let mut triggers = self.triggers.as_mut()?.iter_mut().enumerate();
        let (place, trigger) = triggers.find(|(_, trigger)| trigger.kind == TriggerKind::Webhook)?;
        let path = if self.triggers_are_listed {
            format!("triggers[{place}].config")
        } else {
            "trigger.config".to_owned()
        };
        Some((trigger, path))
    }
}

#[cfg(test)]
mod tests {
    use mayfly_api::functions::{CODE_BYTES_MAX, PatchSettings};
    use serde_json::{Value, json};

    use super::*;

    fn read(sent: &Value) -> ApiResult<Manifest> {
        mayfly_api::decode::body(sent.to_string().as_bytes()).and_then(Manifest::of)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut body = json!({"name": "hello", "code": "export default () => new Response()"});
        body[name] = value;
        body
    }

    #[test]
    fn the_smallest_body_leaves_everything_as_it_is() {
        let manifest = read(&with("description", Value::Null)).unwrap();
        assert_eq!(manifest.settings, SettingsChange::default());
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
            assert!(read(&with(name, good.clone())).is_ok(), "{name}");
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
            let error = read(&with(name, bad)).unwrap_err();
            assert!(error.message().starts_with(name), "{name}: {}", error.message());
        }
        let patch = |sent: Value| mayfly_api::decode::body::<PatchSettings>(sent.to_string().as_bytes());
        assert!(patch(json!({"code": "x"})).is_err());
        assert_eq!(patch(json!({"timeoutMs": 5})).unwrap().settings().timeout_ms, Some(5));
    }
}
