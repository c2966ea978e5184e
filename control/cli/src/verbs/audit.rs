//! `mayfly audit`: calls of tools, newest first.

use mayfly_api::audit::{AuditDecision, AuditPage, ListAudit};
use mayfly_api::endpoint::EmptyBody;
use mayfly_api::routes::{AppAuditList, AuditList};

use crate::args::AuditArgs;
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

pub(super) async fn list(remote: &Remote, args: &AuditArgs) -> Result<Exit, Exit> {
    let query = ListAudit {
        limit: Some(args.limit.into()),
        cursor: None,
        tool: args.tool.as_deref().map(Into::into),
        decision: args.decision.as_deref().map(decision).transpose()?,
        identity: args.identity.as_deref().map(Into::into),
        session: args.session.as_deref().map(Into::into),
    };
    if remote.has_app() {
        remote.call::<AppAuditList>(&[], &query, &EmptyBody).await?.print(remote, show);
    } else {
        remote.call::<AuditList>(&[], &query, &EmptyBody).await?.print(remote, show);
    }
    Ok(Exit::Ok)
}

fn decision(text: &str) -> Result<AuditDecision, Exit> {
    AuditDecision::parse(text).ok_or_else(|| {
        let all: Vec<&str> = AuditDecision::ALL.iter().map(|decision| decision.as_str()).collect();
        out::complain(&format!("--decision must be one of {}", all.join(", ")));
        Exit::Usage
    })
}

fn show(page: &AuditPage) {
    let rows: Vec<Vec<String>> = page
        .entries
        .iter()
        .map(|entry| {
            let outcome = entry.error_code.clone().or_else(|| entry.succeeded.map(|_| "ok".to_owned()));
            vec![
                entry.at.to_string(),
                entry.identity.clone(),
                optional(entry.session_id.as_ref()),
                optional(entry.app_id.as_ref()),
                entry.tool.clone(),
                entry.decision.to_string(),
                optional(outcome),
                optional(entry.rule.as_ref()),
            ]
        })
        .collect();
    out::table(&["TIME", "IDENTITY", "SESSION", "APP", "TOOL", "DECISION", "OUTCOME", "RULE"], &rows);
}
