//! A policy in words.

use mayfly_api::policies::{PolicyDefault, RuleAction};

use crate::load::{CompiledPolicy, CompiledRule};

impl CompiledPolicy {
    /// What the policy says, a line a rule.
    pub fn explain(&self) -> Vec<String> {
        let mut lines = Vec::new();
        explain_rules("", self.tools.iter(), &mut lines);
        lines.push(format!("any other tool: {}", default_in_words(self.default)));
        if self.routes {
            lines.push("the routes behind the tools: bound as the tools are".to_owned());
        }
        for (identity, grant) in &self.grants {
            explain_rules(&format!("{identity}, "), grant.tools.iter(), &mut lines);
            if let Some(default) = grant.default {
                lines.push(format!("{identity}, any other tool: {}", default_in_words(default)));
            }
        }
        lines
    }
}

fn explain_rules<'a>(
    of: &str,
    rules: impl Iterator<Item = (&'a String, &'a CompiledRule)>,
    lines: &mut Vec<String>,
) {
    for (tool, rule) in rules {
        let action = match rule.action {
            RuleAction::Allow => "may be called",
            RuleAction::Deny => "may not be called",
            RuleAction::RequireApproval => "may be called once a person has approved the call",
        };
        let why = rule.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        lines.push(format!("{of}{tool}: {action}{why}"));
        for limit in &rule.limits {
            lines.push(format!(
                "{of}{tool}: at most {} calls in {} seconds, counted as `{}` by {}",
                limit.max, limit.window_seconds, limit.counter, limit.scope
            ));
        }
        for argument in &rule.arguments {
            lines.push(format!("{of}{tool}: {}", argument.in_words()));
        }
    }
}

fn default_in_words(default: PolicyDefault) -> &'static str {
    match default {
        PolicyDefault::Allow => "may be called",
        PolicyDefault::Deny => "may not be called",
    }
}
