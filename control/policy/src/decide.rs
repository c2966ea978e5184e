//! Decides a call: the most specific rule of its tool, its arguments, then what it counts against.

use std::collections::BTreeMap;

use mayfly_api::policies::{CounterScope, PolicyDefault, RuleAction};
use serde_json::{Map, Value};

use crate::load::{AGENT_TOOL_PREFIX, CompiledPolicy, CompiledRule, SERVER_TOOL_PREFIX};

/// The rule of all functions that are tools.
const ALL_AGENT_TOOLS: &str = "fn:*";

/// The rule of all tools of other servers.
const ALL_SERVER_TOOLS: &str = "mcp:*";

/// Who calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyCaller {
    /// `key_...`
    pub key_id: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
    /// The session, as the audit log has it: one of the key's or the user's own.
    pub session_id: Option<String>,
    /// `admin`, `service` or `end_user`.
    pub role: String,
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub struct PolicyCall<'a> {
    /// The tool.
    pub tool: &'a str,
    /// Its arguments.
    pub arguments: &'a Map<String, Value>,
    /// Who calls.
    pub caller: &'a PolicyCaller,
    /// The app that it is about.
    pub app: Option<&'a str>,
}

/// What is decided before anything is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyVerdict {
    /// It may be made, if no counter is full.
    Allow,
    /// It may not.
    Deny,
    /// It may be made once a person has approved it.
    RequireApproval,
}

/// A decision, and why it is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDecision {
    /// What is decided.
    pub verdict: PolicyVerdict,
    /// The rule that decided, by its path in the policy.
    pub rule: String,
    /// In words.
    pub reason: String,
    /// Whether the client may ask its user for an approval; `None`: the rule does not say.
    pub elicit: Option<bool>,
    /// What the call counts against, where it is made.
    pub counters: Vec<CounterUse>,
    /// Whether a rule names the tool, and not only the default.
    pub is_named: bool,
}

/// One use of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterUse {
    /// Which counter of whom.
    pub key: String,
    /// As the policy names it.
    pub counter: String,
    /// The window's length.
    pub window_seconds: u32,
    /// The most uses in a window.
    pub max: u32,
    /// The rule, by its path in the policy.
    pub rule: String,
}

impl PolicyCaller {
    /// The name of who calls, as the audit log has it.
    pub fn identity(&self) -> String {
        match (&self.user_id, &self.key_id) {
            (Some(user), _) => format!("user:{user}"),
            (None, Some(key)) => format!("key:{key}"),
            (None, None) => self.role.clone(),
        }
    }

    /// The identities that a grant may be for, the most specific one first.
    fn identities(&self) -> impl Iterator<Item = String> {
        let session = self.session_id.iter().map(|session| format!("session:{session}"));
        let user = self.user_id.iter().map(|user| format!("user:{user}"));
        let key = self.key_id.iter().map(|key| format!("key:{key}"));
        session.chain(user).chain(key).chain([format!("role:{}", self.role)])
    }
}

impl CompiledPolicy {
    /// Decide a call. Pure, and linear in the rule and the arguments that it names.
    pub fn decide(&self, call: &PolicyCall<'_>) -> PolicyDecision {
        match self.rule(call) {
            Ok(rule) => rule.decide(call),
            Err((default, place)) => PolicyDecision {
                verdict: match default {
                    PolicyDefault::Allow => PolicyVerdict::Allow,
                    PolicyDefault::Deny => PolicyVerdict::Deny,
                },
                reason: match default {
                    PolicyDefault::Allow => "no rule names the tool, and the default allows it".to_owned(),
                    PolicyDefault::Deny => "no rule names the tool, and the default denies it".to_owned(),
                },
                rule: place,
                elicit: None,
                counters: Vec::new(),
                is_named: false,
            },
        }
    }

    /// Whether it binds the routes behind the tools, too.
    pub fn binds_routes(&self) -> bool {
        self.routes
    }

    /// Whether any call of a tool may be made, perhaps once a person has approved it. Tools that may never be called need not
    /// be listed.
    pub fn may_allow(&self, tool: &str, caller: &PolicyCaller) -> bool {
        let none = Map::new();
        match self.rule(&PolicyCall { tool, arguments: &none, caller, app: None }) {
            Ok(rule) => rule.action != RuleAction::Deny,
            Err((default, _)) => default == PolicyDefault::Allow,
        }
    }

    /// The rule of a call's tool, or the default and where that stands.
    pub(crate) fn rule(&self, call: &PolicyCall<'_>) -> Result<&CompiledRule, (PolicyDefault, String)> {
        let mut default = (self.default, "default".to_owned());
        let mut found = None;
        for identity in call.caller.identities() {
            let Some(grant) = self.grants.get(&identity) else { continue };
            found = rule_of(&grant.tools, call.tool);
            if let Some(of_grant) = grant.default {
                default = (of_grant, format!("grants.{identity}.default"));
            }
            if found.is_some() || grant.default.is_some() {
                break;
            }
        }
        // A grant with a default of its own stands alone.
        let stands_alone = default.1 != "default";
        let of_policy = rule_of(&self.tools, call.tool).filter(|_| !stands_alone);
        found.or(of_policy).ok_or(default)
    }
}

/// The rule of a tool: its own, or that of all functions that are tools, of all tools of its server, of all servers.
fn rule_of<'a>(rules: &'a BTreeMap<String, CompiledRule>, tool: &str) -> Option<&'a CompiledRule> {
    if let Some(rule) = rules.get(tool) {
        return Some(rule);
    }
    if tool.starts_with(AGENT_TOOL_PREFIX) {
        return rules.get(ALL_AGENT_TOOLS);
    }
    let (server, _) = tool.strip_prefix(SERVER_TOOL_PREFIX)?.split_once('/')?;
    rules.get(&format!("{SERVER_TOOL_PREFIX}{server}/*")).or_else(|| rules.get(ALL_SERVER_TOOLS))
}

impl CompiledRule {
    fn decide(&self, call: &PolicyCall<'_>) -> PolicyDecision {
        let of = |verdict, rule: String, reason: String| PolicyDecision {
            verdict,
            rule,
            reason,
            elicit: None,
            counters: Vec::new(),
            is_named: true,
        };
        let reason = |otherwise: &str| self.reason.clone().unwrap_or_else(|| otherwise.to_owned());
        if self.action == RuleAction::Deny {
            let text = reason("the policy denies this tool");
            return of(PolicyVerdict::Deny, format!("{}.action", self.place), text);
        }
        // Code is long: it is copied only where a rule looks at arguments.
        let arguments =
            if self.arguments.is_empty() { Value::Null } else { Value::Object(call.arguments.clone()) };
        for argument in &self.arguments {
            if let Err(broken) = argument.check(&arguments) {
                let rule = format!("{}.arguments.{}.{}", self.place, argument.text, broken.member);
                let text = match &self.reason {
                    Some(reason) => format!("{}: {reason}", broken.reason),
                    None => broken.reason,
                };
                return of(PolicyVerdict::Deny, rule, text);
            }
        }
        let counters = self.limits.iter().map(|limit| {
            let of = match limit.scope {
                CounterScope::Grant => call.caller.identity(),
                CounterScope::Key => call.caller.key_id.clone().unwrap_or_else(|| call.caller.role.clone()),
                CounterScope::Session => {
                    call.caller.session_id.clone().unwrap_or_else(|| call.caller.identity())
                }
                CounterScope::App => call.app.unwrap_or_default().to_owned(),
                CounterScope::Global => String::new(),
            };
            CounterUse {
                key: format!("{}/{}/{}/{of}", limit.counter, limit.window_seconds, limit.scope),
                counter: limit.counter.clone(),
                window_seconds: limit.window_seconds,
                max: limit.max,
                rule: limit.place.clone(),
            }
        });
        let counters = counters.collect();
        match self.action {
            RuleAction::RequireApproval => PolicyDecision {
                verdict: PolicyVerdict::RequireApproval,
                rule: format!("{}.action", self.place),
                reason: reason("a person has to approve each call"),
                elicit: self.elicit,
                counters,
                is_named: true,
            },
            RuleAction::Allow | RuleAction::Deny => PolicyDecision {
                verdict: PolicyVerdict::Allow,
                rule: self.place.clone(),
                reason: reason("the rule allows it"),
                elicit: None,
                counters,
                is_named: true,
            },
        }
    }
}

#[cfg(test)]
mod tests;
