//! Reads policies: every mistake is found here, and named by its path.

use std::collections::BTreeMap;

use mayfly_api::decode;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::mcp_servers::RunToolName;
use mayfly_api::names::is_function_name;
use mayfly_api::policies::{
    AgentPolicy, CounterLimit, CounterScope, GrantRules, POLICY_VERSION, PolicyDefault, RuleAction, ToolRule,
};
use mayfly_api::value::{Object, Rule as _};

use crate::argument::CompiledArgument;
use crate::path::ArgumentPath;

/// Roles that a grant can be for.
const ROLES: [&str; 3] = ["admin", "service", "end_user"];
/// Begins the names by which policies and the audit log know functions that are tools; `fn:*` is all of them.
pub const AGENT_TOOL_PREFIX: &str = "fn:";
/// Begins the names of tools of other MCP servers: `mcp:SERVER/TOOL`; `mcp:SERVER/*` is all of one's, `mcp:*` all of them.
pub const SERVER_TOOL_PREFIX: &str = "mcp:";
/// Rules of one policy.
const RULES_MAX: usize = 1_000;

/// A policy that can decide.
#[derive(Debug)]
pub struct CompiledPolicy {
    pub(crate) default: PolicyDefault,
    pub(crate) routes: bool,
    pub(crate) tools: BTreeMap<String, CompiledRule>,
    pub(crate) grants: BTreeMap<String, CompiledGrant>,
}

/// The rules of one identity.
#[derive(Debug)]
pub(crate) struct CompiledGrant {
    pub(crate) default: Option<PolicyDefault>,
    pub(crate) tools: BTreeMap<String, CompiledRule>,
}

/// The rule of one tool.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    /// Where it stands in the policy.
    pub(crate) place: String,
    pub(crate) action: RuleAction,
    pub(crate) elicit: Option<bool>,
    pub(crate) reason: Option<String>,
    pub(crate) limits: Vec<CompiledLimit>,
    pub(crate) arguments: Vec<CompiledArgument>,
    pub(crate) redact: Vec<ArgumentPath>,
}

/// One counter of a rule.
#[derive(Debug)]
pub(crate) struct CompiledLimit {
    pub(crate) place: String,
    pub(crate) counter: String,
    pub(crate) window_seconds: u32,
    pub(crate) max: u32,
    pub(crate) scope: CounterScope,
}

impl CompiledPolicy {
    /// Read a policy's text. `tools` are the names that there are; `None`: any.
    ///
    /// # Errors
    /// `VALIDATION_INVALID_SCHEMA` with the path of the mistake.
    pub fn parse(text: &[u8], tools: Option<&[&str]>) -> ApiResult<Self> {
        Self::compile(&decode::body::<AgentPolicy>(text)?, tools)
    }

    /// Make a policy ready.
    ///
    /// # Errors
    /// As [`CompiledPolicy::parse`].
    pub fn compile(policy: &AgentPolicy, tools: Option<&[&str]>) -> ApiResult<Self> {
        if policy.version != POLICY_VERSION {
            return Err(ApiError::invalid("version", format!("must be \"{POLICY_VERSION}\"")));
        }
        let rules = policy.tools.iter().flatten().count();
        let of_grants = policy.grants.iter().flatten().map(|(_, grant)| grant.tools.iter().flatten().count());
        if rules + of_grants.sum::<usize>() > RULES_MAX {
            return Err(ApiError::invalid("tools", format!("there may be {RULES_MAX} rules at most")));
        }
        let grant = |(identity, grant): (&String, &Object<GrantRules>)| {
            let place = format!("grants.{identity}");
            check_identity(&place, identity)?;
            let compiled = CompiledGrant {
                default: grant.default,
                tools: compile_tools(&format!("{place}.tools"), grant.tools.as_ref(), tools)?,
            };
            Ok((identity.clone(), compiled))
        };
        Ok(Self {
            default: policy.default.unwrap_or_default(),
            routes: policy.routes.unwrap_or_default(),
            tools: compile_tools("tools", policy.tools.as_ref(), tools)?,
            grants: policy.grants.iter().flatten().map(grant).collect::<ApiResult<_>>()?,
        })
    }
}

fn check_identity(place: &str, identity: &str) -> ApiResult<()> {
    match identity.split_once(':') {
        Some(("key" | "user" | "session", id)) if !id.is_empty() => Ok(()),
        Some(("role", role)) if ROLES.contains(&role) => Ok(()),
        _ => Err(ApiError::invalid(
            place,
            "must be session:ID, user:ID, key:ID, role:admin, role:service or role:end_user",
        )),
    }
}

fn compile_tools(
    place: &str,
    rules: Option<&BTreeMap<String, Object<ToolRule>>>,
    known: Option<&[&str]>,
) -> ApiResult<BTreeMap<String, CompiledRule>> {
    let compile = |(tool, rule): (&String, &Object<ToolRule>)| {
        let place = format!("{place}.{tool}");
        if known.is_some_and(|known| !known.contains(&tool.as_str()) && !is_agent_tool(tool)) {
            return Err(ApiError::invalid(&place, "there is no tool of this name"));
        }
        Ok((tool.clone(), compile_rule(place, tool, rule)?))
    };
    rules.into_iter().flatten().map(compile).collect()
}

/// Whether a rule is for functions as tools, or for tools of other servers: which there are, only their app knows.
fn is_agent_tool(tool: &str) -> bool {
    let is_of_server = |name: &str| name == "*" || (name.contains('/') && RunToolName::matches(name));
    tool.strip_prefix(AGENT_TOOL_PREFIX).is_some_and(|name| name == "*" || is_function_name(name))
        || tool.strip_prefix(SERVER_TOOL_PREFIX).is_some_and(is_of_server)
}

fn compile_rule(place: String, tool: &str, rule: &ToolRule) -> ApiResult<CompiledRule> {
    let mut limits: Vec<CompiledLimit> = Vec::new();
    for (number, limit) in rule.limits.iter().flat_map(|limits| limits.iter()).enumerate() {
        limits.push(compile_limit(format!("{place}.limits[{number}]"), limit));
    }
    if let Some(limit) = &rule.rate_limit {
        limits.push(CompiledLimit {
            place: format!("{place}.rate_limit"),
            counter: format!("{tool}:rate_limit"),
            window_seconds: limit.window.get(),
            max: limit.max.get(),
            scope: CounterScope::Grant,
        });
    }
    let argument = |(path, rule): (&String, &Object<_>)| {
        CompiledArgument::compile(&format!("{place}.arguments.{path}"), path, &rule.0)
    };
    let redacted = |(number, path): (usize, &mayfly_api::value::Text<1, 500>)| {
        let place = format!("{place}.redact[{number}]");
        ArgumentPath::parse(path).map_err(|message| ApiError::invalid(&place, message))
    };
    let paths = rule.redact.iter().flat_map(|paths| paths.iter()).enumerate();
    Ok(CompiledRule {
        action: rule.action.unwrap_or_default(),
        elicit: rule.elicit,
        reason: rule.reason.as_deref().map(str::to_owned),
        limits,
        arguments: rule.arguments.iter().flatten().map(argument).collect::<ApiResult<_>>()?,
        redact: paths.map(redacted).collect::<ApiResult<_>>()?,
        place,
    })
}

fn compile_limit(place: String, limit: &CounterLimit) -> CompiledLimit {
    CompiledLimit {
        place,
        counter: limit.counter.to_string(),
        window_seconds: limit.window.seconds(),
        max: limit.max.get(),
        scope: limit.scope.unwrap_or_default(),
    }
}
