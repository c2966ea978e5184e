//! A policy to begin with: rates by what a tool does, a person before what destroys, nothing of what lies.

use serde_json::{Map, Value, json};

use super::classify::ToolClass;
use super::report::ScannedTool;

/// Characters of a counter's name.
const COUNTER_CHARS_MAX: usize = 100;
/// Tools that a policy has rules for.
const RULES_MAX: usize = 1_000;

/// The policy, as its file has it.
pub fn suggested_policy(tools: &[ScannedTool]) -> Value {
    let rules: Map<String, Value> =
        tools.iter().take(RULES_MAX).map(|tool| (tool.raw_name.clone(), rule(tool))).collect();
    json!({ "version": "1", "default": "deny", "tools": rules })
}

fn rule(tool: &ScannedTool) -> Value {
    if tool.is_injected() {
        return json!({ "action": "deny", "reason": "its definition has injected text" });
    }
    let limits = |max: u32| {
        let counter: String = format!("{}_rate", tool.raw_name).chars().take(COUNTER_CHARS_MAX).collect();
        json!([{ "counter": counter, "window": "minute", "max": max, "scope": "grant" }])
    };
    match tool.class {
        ToolClass::Read => json!({ "limits": limits(60) }),
        ToolClass::Write => json!({ "limits": limits(30) }),
        ToolClass::Execute => json!({ "limits": limits(10) }),
        ToolClass::Destructive => json!({ "action": "require_approval", "limits": limits(10) }),
        ToolClass::Admin => {
            json!({ "action": "deny", "reason": "it changes who may do what: people do that" })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mayfly_policy::CompiledPolicy;
    use rmcp::model::Tool;

    use super::*;

    #[test]
    fn the_policy_is_valid_and_as_the_first_tools_have_it() {
        let long: &'static str = "read_the_same_thing_again_and_again_and_again_and_again_and_again_and_again_and_again_and_again_and_again";
        let scanned: Vec<ScannedTool> =
            ["deploy_function", "manage_schema", "delete_app", "create_key", long]
                .into_iter()
                .map(|name| ScannedTool::of(&Tool::new(name, "", Arc::new(Map::new()))))
                .chain([ScannedTool::of(&Tool::new("add", "<important>", Arc::new(Map::new())))])
                .collect();
        let policy = suggested_policy(&scanned);
        CompiledPolicy::parse(policy.to_string().as_bytes(), None).unwrap();
        let limit = |name: &str, max: u32| json!({ "limits": [{ "counter": format!("{name}_rate"), "window": "minute", "max": max, "scope": "grant" }] });
        assert_eq!(policy["tools"]["deploy_function"], limit("deploy_function", 10));
        assert_eq!(policy["tools"]["manage_schema"], limit("manage_schema", 30));
        assert_eq!(policy["tools"]["delete_app"]["action"], "require_approval");
        assert_eq!(policy["tools"]["create_key"]["action"], "deny");
        assert_eq!(policy["tools"]["add"]["action"], "deny");
    }
}
