//! The gate before every tool: policies, approvals, counters, and a row of the audit log for each call.

use std::sync::Arc;

use mayfly_api::access::Manager;
use mayfly_api::audit::AuditDecision;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::mcp::AgentSession;
use mayfly_common::digest::sha256_hex;
use mayfly_policy::{
    CompiledPolicy, CounterUse, PolicyCall, PolicyCaller, PolicyDecision, PolicyVerdict, redacted,
    without_secrets,
};
use mayfly_store::{AuditOutcome, CounterStep, NewApproval, NewAuditEntry};
use serde_json::{Map, Value, json};

use super::Agents;

/// For how long an approval can be decided and used.
const APPROVAL_SECONDS: u32 = 24 * 60 * 60;
/// Characters of a name that is no tool's, in the audit log.
const TOOL_CHARS_MAX: usize = 100;

/// Who calls a tool.
#[derive(Debug, Clone)]
pub enum AgentCaller {
    /// By a key.
    Manager(Manager),
    /// An end user, by a token.
    EndUser(String),
}

/// A call of a tool.
#[derive(Debug, Clone)]
pub struct AgentCall {
    /// Who calls; `None`: that could not be found out.
    pub caller: Option<AgentCaller>,
    /// In which session.
    pub session: Option<AgentSession>,
    /// The app that it is about; the caller may manage it.
    pub app: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The request.
    pub request_id: Arc<str>,
    /// The digest of the tool's definition, where it is another server's: an approval is for that one alone.
    pub definition: Option<String>,
    /// Whether a person has to approve it where no policy names the tool.
    pub needs_approval: bool,
}

/// How a call ended.
#[derive(Debug, Clone, Default)]
pub struct CallOutcome {
    /// The code of its failure; `None`: it succeeded.
    pub error_code: Option<String>,
    /// The invocation, where a function ran.
    pub invocation_id: Option<String>,
}

/// A policy that a call has to pass, and whose it is.
struct Applying {
    of: String,
    policy: Arc<CompiledPolicy>,
}

impl Agents {
    /// Let a call through, or not. Answers its number in the audit log.
    ///
    /// # Errors
    /// `POLICY_DENIED`, `POLICY_RATE_LIMIT`, `APPROVAL_REQUIRED`; or the log cannot be written, and nothing may run.
    pub async fn admit(&self, call: &AgentCall) -> ApiResult<i64> {
        let applying = self.applying(call.app.as_deref()).await?;
        self.admit_by(call, applying).await
    }

    /// The same for a request to the route behind a tool; `None`: no policy binds routes, and nothing is written down.
    ///
    /// # Errors
    /// As [`Agents::admit`].
    pub async fn admit_route(&self, call: &AgentCall) -> ApiResult<Option<i64>> {
        let mut applying = self.applying(call.app.as_deref()).await?;
        applying.retain(|applying| applying.policy.binds_routes());
        if applying.is_empty() {
            return Ok(None);
        }
        self.admit_by(call, applying).await.map(Some)
    }

    /// Whether a policy of the server or of this app asks for requests to routes, too.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn binds_routes(&self, app: Option<&str>) -> ApiResult<bool> {
        Ok(self.applying(app).await?.iter().any(|applying| applying.policy.binds_routes()))
    }

    /// The tools that a caller may call by these policies, at least with some arguments. A key's app is asked, too.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn listed(
        &self,
        caller: &AgentCaller,
        session: Option<&AgentSession>,
    ) -> ApiResult<Vec<&'static str>> {
        let app = match caller {
            AgentCaller::Manager(Manager::Key { id, .. }) => self.store.keys().app_of(id).await?,
            AgentCaller::Manager(Manager::Admin) | AgentCaller::EndUser(_) => None,
        };
        let mut tools = self.tools.to_vec();
        self.retain_allowed(app.as_deref(), caller, session, &mut tools, |tool| (*tool).to_owned()).await?;
        Ok(tools)
    }

    /// Keeps the tools that a caller may call by the policies of the server and of this app, at least with some arguments.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub(super) async fn retain_allowed<T>(
        &self,
        app: Option<&str>,
        caller: &AgentCaller,
        session: Option<&AgentSession>,
        tools: &mut Vec<T>,
        name: impl Fn(&T) -> String,
    ) -> ApiResult<()> {
        let applying = self.applying(app).await?;
        let caller = policy_caller(Some(caller), session);
        tools.retain(|tool| applying.iter().all(|applying| applying.policy.may_allow(&name(tool), &caller)));
        Ok(())
    }

    async fn admit_by(&self, call: &AgentCall, applying: Vec<Applying>) -> ApiResult<i64> {
        let caller = policy_caller(call.caller.as_ref(), call.session.as_ref());
        let subject = PolicyCall {
            tool: &call.tool,
            arguments: &call.arguments,
            caller: &caller,
            app: call.app.as_deref(),
        };
        let policies: Vec<&CompiledPolicy> = applying.iter().map(|applying| &*applying.policy).collect();
        let mut entry = entry(call, &subject, &policies);
        let decisions: Vec<(&Applying, PolicyDecision)> =
            applying.iter().map(|applying| (applying, applying.policy.decide(&subject))).collect();
        if let Some((_, denied)) = decisions.iter().find(|(_, of)| of.verdict == PolicyVerdict::Deny) {
            let text = format!("the policy denies this call of {}: {}", call.tool, denied.reason);
            let error = ApiError::new(Code::PolicyDenied, text).with_details(json!({ "rule": denied.rule }));
            return self.stop(entry, AuditDecision::Denied, &denied.rule, error).await;
        }
        let asking = asking(call, &decisions);
        let uses: Vec<(&Applying, &CounterUse)> = decisions
            .iter()
            .flat_map(|(applying, of)| of.counters.iter().map(move |counter| (*applying, counter)))
            .collect();
        if let Some((rule, reason)) = asking {
            let digest = digest(call);
            match self.store.agents().use_approval(&entry.identity, &digest).await? {
                Some(id) => entry.approval_id = Some(id),
                None => {
                    let wanted = approval(&entry, &subject, digest, &rule);
                    let asked = self.store.agents().ask_approval(&wanted).await?;
                    entry.approval_id = Some(asked.id.clone());
                    let text = format!("{reason}; approval {} is {}", asked.id, asked.state);
                    let mut details = json!({ "rule": rule, "approval_id": asked.id,
                        "state": asked.state, "expires_at": asked.expires_at });
                    // Each policy that asks has to say so; a tool that asks by itself does not.
                    let asks: Vec<_> = decisions
                        .iter()
                        .filter(|(_, of)| of.verdict == PolicyVerdict::RequireApproval)
                        .map(|(_, of)| of.elicit)
                        .collect();
                    if !asks.is_empty() && asks.iter().all(|elicit| *elicit == Some(true)) {
                        details["elicit"] = json!({ "arguments": asked.arguments });
                    }
                    let error = ApiError::new(Code::ApprovalRequired, text).with_details(details);
                    return self.stop(entry, AuditDecision::ApprovalRequired, &rule, error).await;
                }
            }
        }
        let steps: Vec<CounterStep> = uses
            .iter()
            .map(|(applying, of)| CounterStep {
                key: format!("{}/{}", applying.of, of.key),
                window_seconds: of.window_seconds,
                max: of.max,
            })
            .collect();
        if let Some(full) = self.store.agents().count(&steps).await?
            && let Some((_, of)) = uses.get(full.step)
        {
            if let Some(id) = &entry.approval_id {
                self.store.agents().give_back_approval(id).await?;
            }
            let seconds = full.retry_after_seconds;
            let text = format!(
                "the policy allows {} calls of {} in {} seconds ({}); the next may come in {seconds} seconds",
                of.max, call.tool, of.window_seconds, of.rule
            );
            let details = json!({ "rule": of.rule, "counter": of.counter, "max": of.max,
                "window_seconds": of.window_seconds, "retry_after_seconds": seconds });
            let error =
                ApiError::new(Code::PolicyRateLimit, text).with_details(details).retry_after_seconds(seconds);
            return self.stop(entry, AuditDecision::RateLimited, &of.rule, error).await;
        }
        entry.rule = decisions.last().map(|(_, of)| of.rule.clone());
        Ok(self.store.agents().record(&entry).await?)
    }

    /// Write down a call that is none: of no tool, with a wrong argument, of a key that may not.
    ///
    /// # Errors
    /// When the log cannot be written.
    pub async fn refuse(&self, call: &AgentCall, error: &ApiError) -> ApiResult<()> {
        let caller = policy_caller(call.caller.as_ref(), call.session.as_ref());
        let subject = PolicyCall { tool: &call.tool, arguments: &call.arguments, caller: &caller, app: None };
        let mut entry = entry(call, &subject, &[]);
        entry.decision = AuditDecision::Refused;
        entry.error_code = Some(error.code().as_str().to_owned());
        entry.reason = Some(error.message().to_owned());
        self.store.agents().record(&entry).await?;
        Ok(())
    }

    /// Write down how a call ended. It has ended, whatever comes of this.
    pub async fn settle(&self, number: i64, outcome: CallOutcome) {
        let CallOutcome { error_code, invocation_id } = outcome;
        let outcome = AuditOutcome { succeeded: error_code.is_none(), error_code, invocation_id };
        if let Err(error) = self.store.agents().complete(number, &outcome).await {
            tracing::warn!(%error, number, "the end of an agent's call was not written down");
        }
    }

    async fn applying(&self, app: Option<&str>) -> ApiResult<Vec<Applying>> {
        let server =
            self.server.iter().map(|policy| Applying { of: "server".into(), policy: Arc::clone(policy) });
        let mut applying: Vec<Applying> = server.collect();
        if let Some(app) = app {
            let of_app = self.apps.find(&self.store, app).await?;
            applying.extend(of_app.map(|policy| Applying { of: app.to_owned(), policy }));
        }
        Ok(applying)
    }

    /// Write down why a call does not run, and say so.
    async fn stop(
        &self,
        mut entry: NewAuditEntry,
        decision: AuditDecision,
        rule: &str,
        error: ApiError,
    ) -> ApiResult<i64> {
        entry.decision = decision;
        entry.rule = Some(rule.to_owned());
        entry.reason = Some(error.message().to_owned());
        entry.error_code = Some(error.code().as_str().to_owned());
        self.store.agents().record(&entry).await?;
        Err(error)
    }
}

/// The rule by which a person has to approve a call, and why.
fn asking(call: &AgentCall, decisions: &[(&Applying, PolicyDecision)]) -> Option<(String, String)> {
    let by_rule = decisions.iter().find(|(_, of)| of.verdict == PolicyVerdict::RequireApproval);
    if let Some((_, of)) = by_rule {
        return Some((of.rule.clone(), of.reason.clone()));
    }
    // What changes something needs a person's word, or a rule that names it.
    let is_granted = decisions.iter().any(|(_, of)| of.is_named);
    (call.needs_approval && !is_granted).then(|| {
        let reason =
            "the tool changes something: a person has to approve each call, unless a policy names it";
        ("agent_tool_mode".to_owned(), reason.to_owned())
    })
}

pub(super) fn policy_caller(caller: Option<&AgentCaller>, session: Option<&AgentSession>) -> PolicyCaller {
    let (user_id, key_id, role) = match caller {
        Some(AgentCaller::EndUser(id)) => (Some(id.clone()), None, "end_user"),
        Some(AgentCaller::Manager(Manager::Key { id, .. })) => (None, Some(id.clone()), "service"),
        Some(AgentCaller::Manager(Manager::Admin)) => (None, None, "admin"),
        None => (None, None, "unknown"),
    };
    let session_id = session.map(|session| session.0.to_string());
    PolicyCaller { key_id, user_id, session_id, role: role.to_owned() }
}

fn entry(call: &AgentCall, subject: &PolicyCall<'_>, policies: &[&CompiledPolicy]) -> NewAuditEntry {
    NewAuditEntry {
        app_id: call.app.clone(),
        identity: subject.caller.identity(),
        session_id: subject.caller.session_id.clone(),
        tool: call.tool.chars().take(TOOL_CHARS_MAX).collect::<String>().replace('\0', ""),
        arguments: redacted(subject, policies).to_string(),
        decision: AuditDecision::Allowed,
        rule: None,
        reason: None,
        error_code: None,
        approval_id: None,
        request_id: call.request_id.to_string(),
    }
}

/// What a person sees is what runs: the digest is of everything, shown or secret.
fn digest(call: &AgentCall) -> Vec<u8> {
    let text = match &call.definition {
        None => json!([call.app, call.tool, call.arguments]).to_string(),
        Some(definition) => json!([call.app, call.tool, call.arguments, definition]).to_string(),
    };
    sha256_hex(text.as_bytes()).into_bytes()
}

fn approval(entry: &NewAuditEntry, subject: &PolicyCall<'_>, digest: Vec<u8>, rule: &str) -> NewApproval {
    NewApproval {
        app_id: entry.app_id.clone(),
        identity: entry.identity.clone(),
        tool: entry.tool.clone(),
        arguments: without_secrets(subject.arguments).to_string(),
        digest,
        rule: rule.to_owned(),
        seconds: APPROVAL_SECONDS,
    }
}
