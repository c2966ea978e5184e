//! The gate before every tool of the upstream: its pin, the policy, approvals, counters, and a row of the audit log.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mayfly_api::approvals::ApprovalState;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_common::clock;
use mayfly_common::digest::sha256_hex;
use mayfly_policy::{
    CompiledPolicy, PolicyCall, PolicyCaller, PolicyDecision, PolicyVerdict, redacted, without_secrets,
};
use serde_json::{Map, Value, json};

use crate::approvals::{ApprovalFolder, Approvals, AskedCall, FolderApproval};
use crate::audit::AuditLog;
use crate::counters::Counters;

/// For how long a proxy before this one may take to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// Characters of a name that is no tool's, in the audit log.
const TOOL_CHARS_MAX: usize = 100;

/// A call of a tool.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GateCall<'a> {
    /// Who calls, by the name of their key.
    pub(crate) identity: &'a str,
    /// In which session, as policies name it.
    pub(crate) session: Option<&'a str>,
    pub(crate) tool: &'a str,
    pub(crate) arguments: &'a Map<String, Value>,
    /// The digest of the tool's definition.
    pub(crate) definition: &'a str,
    pub(crate) request_id: &'a str,
}

/// What becomes of a call that nothing forbids.
#[derive(Debug)]
pub(crate) enum GateAnswer {
    /// It runs; this is its number in the log.
    Run(u64),
    /// A person has to approve it first.
    Ask(Box<Asked>),
}

/// A call that waits for a person.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) approval: FolderApproval,
    /// Whether the rule lets the client ask.
    pub(crate) elicit: bool,
    pub(crate) error: ApiError,
}

/// The gate.
#[derive(Debug)]
pub(crate) struct ProxyGate {
    policy: CompiledPolicy,
    log: AuditLog,
    state: Mutex<State>,
    next: AtomicU64,
}

#[derive(Debug)]
struct State {
    counters: Counters,
    approvals: Approvals,
}

impl ProxyGate {
    /// With what the log and the folder of the proxy's state know.
    pub(crate) fn open(policy: CompiledPolicy, log: &Path, state: &Path) -> Result<Self, String> {
        let mut counters = Counters::default();
        let mut last = 0;
        let log = AuditLog::open(log, PATIENCE, |row| {
            counters.restore(row);
            last = last.max(row["id"].as_u64().unwrap_or_default());
        });
        let log = log.map_err(|error| error.to_string())?;
        let folder = ApprovalFolder::in_state(state);
        let approvals = Approvals::open(folder, clock::now())
            .map_err(|error| format!("the approvals in {} cannot be read: {error}", state.display()))?;
        let state = Mutex::new(State { counters, approvals });
        Ok(Self { policy, log, state, next: AtomicU64::new(last + 1) })
    }

    /// Whether the policy may ever allow this tool to this caller.
    pub(crate) fn may_list(&self, identity: &str, session: Option<&str>, tool: &str) -> bool {
        self.policy.may_allow(tool, &caller(identity, session))
    }

    /// Let a call through, or not.
    ///
    /// # Errors
    /// `POLICY_DENIED`, `POLICY_RATE_LIMIT`; or the log cannot be written, and nothing may run.
    pub(crate) async fn admit(&self, call: GateCall<'_>) -> ApiResult<GateAnswer> {
        let who = caller(call.identity, call.session);
        let subject = PolicyCall { tool: call.tool, arguments: call.arguments, caller: &who, app: None };
        let decision = self.policy.decide(&subject);
        let row = self.row(&subject, call.request_id);
        if decision.verdict == PolicyVerdict::Deny {
            let text = format!("the policy denies this call of {}: {}", call.tool, decision.reason);
            let error =
                ApiError::new(Code::PolicyDenied, text).with_details(json!({ "rule": decision.rule }));
            return self.stop(row, "denied", &decision.rule, error).await;
        }
        let decided = self.take(call, &subject, &decision);
        match decided {
            Taken::Full(error) => {
                let rule = error
                    .details()
                    .and_then(|details| details["rule"].as_str())
                    .unwrap_or_default()
                    .to_owned();
                self.stop(row, "rate_limited", &rule, error).await
            }
            Taken::Ask(approval) => {
                let text =
                    format!("{}; approval {} is {}", decision.reason, approval.call.id, approval.state);
                let details = json!({ "rule": decision.rule, "approval_id": approval.call.id,
                    "state": approval.state, "expires_at": clock::rfc3339(approval.call.expires_at) });
                let error = ApiError::new(Code::ApprovalRequired, text).with_details(details);
                let mut row = row;
                row["approval_id"] = approval.call.id.as_str().into();
                self.write(row, "approval_required", &decision.rule, &error).await?;
                Ok(GateAnswer::Ask(Box::new(Asked {
                    approval: *approval,
                    elicit: decision.elicit != Some(false),
                    error,
                })))
            }
            Taken::Failed(error) => self.stop(row, "refused", &decision.rule, error).await,
            Taken::Run { counted, approval } => {
                let mut row = row;
                row["decision"] = "allowed".into();
                row["rule"] = decision.rule.as_str().into();
                row["counters"] = counted;
                if let Some(approval) = approval {
                    let verdict = approval.verdict.map(|verdict| json!(verdict)).unwrap_or_default();
                    row["approval_id"] = approval.call.id.as_str().into();
                    row["approval"] = verdict;
                }
                if let Err(error) = self.log.decide(&row).await {
                    self.lock().counters.give_back(&decision.counters);
                    return Err(not_logged(&error));
                }
                Ok(GateAnswer::Run(row["id"].as_u64().unwrap_or_default()))
            }
        }
    }

    /// Write down a call that is none, or that the upstream cannot be asked for.
    ///
    /// # Errors
    /// The refusal; or the log cannot be written.
    pub(crate) async fn refuse(&self, call: GateCall<'_>, rule: &str, error: ApiError) -> ApiError {
        let who = caller(call.identity, call.session);
        let subject = PolicyCall { tool: call.tool, arguments: call.arguments, caller: &who, app: None };
        let decision = if error.code() == Code::ToolChanged { "denied" } else { "refused" };
        match self.stop(self.row(&subject, call.request_id), decision, rule, error).await {
            Err(error) => error,
            Ok(_) => ApiError::internal("a refusal lets nothing through"),
        }
    }

    /// Write down how a call ended.
    pub(crate) async fn settle(&self, id: u64, error_code: Option<&str>, milliseconds: u64) {
        let row = json!({ "id": id, "at": clock::rfc3339(clock::now()), "ended": true,
            "succeeded": error_code.is_none(), "error_code": error_code, "duration_ms": milliseconds });
        self.log.note(&row).await;
    }

    /// Wait until the ends of calls are on the disk.
    pub(crate) async fn flush(&self) {
        if let Err(error) = self.log.flush().await {
            tracing::warn!(%error, "the ends of calls were not written down");
        }
    }

    /// A person's word, by way of the client.
    ///
    /// # Errors
    /// When it cannot be written down.
    pub(crate) async fn decide(&self, id: &str, approve: bool, by: &str) -> ApiResult<ApprovalState> {
        let found = self.lock().approvals.decide(id, approve, by, clock::now());
        let found =
            found.map_err(|error| not_logged(&error))?.ok_or_else(|| ApiError::not_found("the approval"))?;
        let row = json!({ "at": clock::rfc3339(clock::now()), "approval_id": id, "state": found.state,
            "approval": found.verdict });
        self.log.decide(&row).await.map_err(|error| not_logged(&error))?;
        Ok(found.state)
    }

    /// The approval of exactly this call, where a client names one.
    pub(crate) fn digest(call: GateCall<'_>) -> String {
        let text = json!([call.identity, call.tool, call.definition, call.arguments]).to_string();
        sha256_hex(text.as_bytes())
    }

    fn take(&self, call: GateCall<'_>, subject: &PolicyCall<'_>, decision: &PolicyDecision) -> Taken {
        let now = clock::now();
        let mut state = self.lock();
        let mut approval = None;
        if decision.verdict == PolicyVerdict::RequireApproval {
            let asked = AskedCall {
                id: String::new(),
                identity: subject.caller.identity(),
                tool: call.tool.to_owned(),
                arguments: without_secrets(call.arguments),
                rule: decision.rule.clone(),
                digest: Self::digest(call),
                requested_at: now,
                expires_at: now,
            };
            match state.approvals.ask(asked, now) {
                Ok(Some(found)) if found.state == ApprovalState::Approved => approval = Some(Box::new(found)),
                Ok(Some(found)) => return Taken::Ask(Box::new(found)),
                Ok(None) => {
                    return Taken::Failed(ApiError::new(
                        Code::Overloaded,
                        "too many calls wait for a person",
                    ));
                }
                Err(error) => return Taken::Failed(not_logged(&error)),
            }
        }
        if let Err(full) = state.counters.take(&decision.counters, now.timestamp()) {
            let Some(of) = decision.counters.get(full.place) else {
                return Taken::Failed(ApiError::internal("a counter that is full is none of the rule's"));
            };
            let seconds = full.retry_after_seconds;
            let text = format!(
                "the policy allows {} calls of {} in {} seconds ({}); the next may come in {seconds} seconds",
                of.max, call.tool, of.window_seconds, of.rule
            );
            let details = json!({ "rule": of.rule, "counter": of.counter, "max": of.max,
                "window_seconds": of.window_seconds, "retry_after_seconds": seconds });
            let error = ApiError::new(Code::PolicyRateLimit, text).with_details(details);
            return Taken::Full(error.retry_after_seconds(seconds));
        }
        if let Some(found) = &approval {
            match state.approvals.consume(found, now) {
                Ok(true) => {}
                used => {
                    state.counters.give_back(&decision.counters);
                    return Taken::Failed(match used {
                        Err(error) => not_logged(&error),
                        Ok(_) => ApiError::new(Code::ResourceConflict, "the approval was used already"),
                    });
                }
            }
        }
        let counted = state.counters.written(&decision.counters);
        Taken::Run { counted, approval }
    }

    fn row(&self, subject: &PolicyCall<'_>, request_id: &str) -> Value {
        let tool: String = subject.tool.chars().take(TOOL_CHARS_MAX).collect();
        json!({
            "id": self.next.fetch_add(1, Ordering::Relaxed),
            "at": clock::rfc3339(clock::now()),
            "request_id": request_id,
            "identity": subject.caller.identity(),
            "session_id": subject.caller.session_id,
            "tool": tool,
            "arguments": redacted(subject, &[&self.policy]),
        })
    }

    /// Write down why a call does not run, and say so.
    async fn stop(&self, row: Value, decision: &str, rule: &str, error: ApiError) -> ApiResult<GateAnswer> {
        self.write(row, decision, rule, &error).await?;
        Err(error)
    }

    async fn write(&self, mut row: Value, decision: &str, rule: &str, error: &ApiError) -> ApiResult<()> {
        row["decision"] = decision.into();
        row["rule"] = rule.into();
        row["reason"] = error.message().into();
        row["error_code"] = error.code().as_str().into();
        self.log.decide(&row).await.map_err(|failed| not_logged(&failed))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Run { counted: Value, approval: Option<Box<FolderApproval>> },
    Ask(Box<FolderApproval>),
    Full(ApiError),
    Failed(ApiError),
}

fn caller(identity: &str, session: Option<&str>) -> PolicyCaller {
    PolicyCaller {
        key_id: Some(identity.to_owned()),
        session_id: session.map(str::to_owned),
        role: "service".to_owned(),
        ..PolicyCaller::default()
    }
}

fn not_logged(error: &io::Error) -> ApiError {
    ApiError::new(
        Code::SubsystemUnavailable,
        format!("the call cannot be written down, and does not run: {error}"),
    )
    .with_details(json!({ "subsystem": "audit" }))
}
