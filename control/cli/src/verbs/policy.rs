//! `mayfly policy`: files are checked, tried and explained here; `get`, `set` and `clear` ask the server.

use std::path::Path;

use mayfly_api::decode;
use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::error::ApiError;
use mayfly_api::policies::AgentPolicy;
use mayfly_api::routes::{AgentPolicyDelete, AgentPolicyGet, AgentPolicySet, RouteId};
use mayfly_policy::{CompiledPolicy, PolicyCall, PolicyCaller, PolicyVerdict};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::args::PolicyVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

/// A call to try, as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TriedCall {
    tool: String,
    #[serde(default)]
    arguments: Map<String, Value>,
    #[serde(default)]
    app: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    session: Option<String>,
    #[serde(default)]
    role: Option<String>,
}

pub(super) async fn run(remote: &Remote, verb: PolicyVerb) -> Result<Exit, Exit> {
    match verb {
        PolicyVerb::Check { file, any_tool } => {
            load(&file, any_tool)?;
            out::say("the policy is valid");
            Ok(Exit::Ok)
        }
        PolicyVerb::Test { file, call } => test(remote, &file, &call),
        PolicyVerb::Explain { file } => {
            let lines = load(&file, true)?.explain();
            if remote.json {
                out::json(&lines)
            } else {
                lines.iter().for_each(|line| out::data(line))
            }
            Ok(Exit::Ok)
        }
        PolicyVerb::Get => {
            let answered = remote.call::<AgentPolicyGet>(&[], &Default::default(), &EmptyBody).await?;
            answered.print(remote, |shown| match &shown.policy {
                Some(policy) => out::json(policy),
                None => out::say("the app has no policy: every tool may be called"),
            });
            Ok(Exit::Ok)
        }
        PolicyVerb::Set { file } => {
            let policy = decode::body::<AgentPolicy>(&read(&file)?).map_err(|error| complain(&error))?;
            let answered = remote.call::<AgentPolicySet>(&[], &Default::default(), &Json(policy)).await?;
            answered.print(remote, |_| out::say("the policy holds from the next call on"));
            Ok(Exit::Ok)
        }
        PolicyVerb::Clear => {
            let answered = remote.call::<AgentPolicyDelete>(&[], &Default::default(), &EmptyBody).await?;
            answered.print(remote, |_| out::say("the app has no policy any more"));
            Ok(Exit::Ok)
        }
    }
}

/// Which rule decides a call, and why. Ends with 0 where the call is allowed, with 1 otherwise.
fn test(remote: &Remote, file: &Path, call: &Path) -> Result<Exit, Exit> {
    let policy = load(file, true)?;
    let call: TriedCall = decode::body(&read(call)?).map_err(|error| complain(&error))?;
    let role =
        call.role.unwrap_or_else(|| if call.user.is_some() { "end_user" } else { "service" }.to_owned());
    let caller = PolicyCaller { key_id: call.key, user_id: call.user, session_id: call.session, role };
    let (tool, arguments, app) = (&call.tool, &call.arguments, call.app.as_deref());
    let decision = policy.decide(&PolicyCall { tool, arguments, caller: &caller, app });
    let verdict = match decision.verdict {
        PolicyVerdict::Allow => "allow",
        PolicyVerdict::Deny => "deny",
        PolicyVerdict::RequireApproval => "require_approval",
    };
    let counters: Vec<Value> = decision
        .counters
        .iter()
        .map(|of| json!({ "counter": of.key, "max": of.max, "window_seconds": of.window_seconds, "rule": of.rule }))
        .collect();
    if remote.json {
        out::json(&json!({ "decision": verdict, "rule": decision.rule, "reason": decision.reason,
            "counters": counters }));
    } else {
        out::data(&format!("{verdict}: {}\n  by {}", decision.reason, decision.rule));
        for of in &decision.counters {
            out::data(&format!(
                "  counts as {}: at most {} in {} s ({})",
                of.key, of.max, of.window_seconds, of.rule
            ));
        }
    }
    Ok(if decision.verdict == PolicyVerdict::Allow { Exit::Ok } else { Exit::Failure })
}

fn load(file: &Path, any_tool: bool) -> Result<CompiledPolicy, Exit> {
    let tools: Vec<&str> = RouteId::ALL.iter().filter_map(|id| Some(id.route().tool?.0)).collect();
    let known = (!any_tool).then_some(tools.as_slice());
    CompiledPolicy::parse(&read(file)?, known).map_err(|error| complain(&error))
}

fn read(file: &Path) -> Result<Vec<u8>, Exit> {
    std::fs::read(file).map_err(|error| {
        out::complain(&format!("{}: {error}", file.display()));
        Exit::Usage
    })
}

fn complain(error: &ApiError) -> Exit {
    out::complain(error.message());
    Exit::Validation
}
