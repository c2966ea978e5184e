//! What the audit log shows of arguments: no secrets, nothing long, and nothing that a rule hides.

use serde_json::{Map, Value};

use crate::decide::PolicyCall;
use crate::load::CompiledPolicy;
use crate::path::ArgumentPath;

/// What stands in the place of what is hidden.
const HIDDEN: &str = "[redacted]";
/// Secrets by their places, whichever tool it is.
const SECRET: &[&str] = &[
    "envVars.*",
    "env.*",
    "headers.*",
    "triggers[*].config.secret",
    "triggers[*].config.secrets",
    "trigger.config.secret",
    "trigger.config.secrets",
    "auth.issuers[*].secret",
];
/// Characters of a text, and members of a level, that are shown.
const TEXT_CHARS_MAX: usize = 500;
const MEMBERS_MAX: usize = 50;
/// Levels that are shown.
const DEPTH_MAX: usize = 6;

/// A call's arguments as the audit log shows them; the policies' own rules count, too.
pub fn redacted(call: &PolicyCall<'_>, policies: &[&CompiledPolicy]) -> Value {
    let mut arguments = Value::Object(call.arguments.clone());
    hide_secrets(&mut arguments);
    for rule in policies.iter().filter_map(|policy| policy.rule(call).ok()) {
        for path in &rule.redact {
            path.replace(&mut arguments, HIDDEN);
        }
    }
    shortened(arguments, DEPTH_MAX)
}

/// Arguments as a person sees them who has to approve a call: whole, but for secrets.
pub fn without_secrets(arguments: &Map<String, Value>) -> Value {
    let mut arguments = Value::Object(arguments.clone());
    hide_secrets(&mut arguments);
    arguments
}

fn hide_secrets(arguments: &mut Value) {
    for path in SECRET.iter().filter_map(|path| ArgumentPath::parse(path).ok()) {
        path.replace(arguments, HIDDEN);
    }
}

fn shortened(value: Value, depth: usize) -> Value {
    match value {
        Value::String(text) => match text.char_indices().nth(TEXT_CHARS_MAX) {
            Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()).into(),
            None => text.into(),
        },
        Value::Array(_) | Value::Object(_) if depth == 0 => "[...]".into(),
        Value::Array(elements) => {
            elements.into_iter().take(MEMBERS_MAX).map(|element| shortened(element, depth - 1)).collect()
        }
        Value::Object(members) => {
            let members = members.into_iter().take(MEMBERS_MAX);
            Value::Object(
                members.map(|(name, member)| (name, shortened(member, depth - 1))).collect::<Map<_, _>>(),
            )
        }
        other => other,
    }
}
