//! `mayfly approvals`: calls of tools that wait for a person.

mod in_folder;

use mayfly_api::approvals::{
    ApprovalDecision, ApprovalInfo, ApprovalList, ApprovalState, DecideApproval, ListApprovals,
    MakeApprovalLink,
};
use mayfly_api::endpoint::{EmptyBody, Json, OptionalJson};
use mayfly_api::routes::{ApprovalDecide, ApprovalGet, ApprovalLinkMake, ApprovalsList};

use crate::args::{ApprovalArgs, ApprovalVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::{Remote, optional};

pub(super) async fn run(remote: &Remote, args: ApprovalArgs) -> Result<Exit, Exit> {
    if let Some(state) = &args.proxy {
        return in_folder::run(remote, state, args.verb);
    }
    match args.verb {
        ApprovalVerb::List { state } => {
            let state = known_state(state.as_deref())?;
            let query = ListApprovals { state, limit: None };
            remote.call::<ApprovalsList>(&[], &query, &EmptyBody).await?.print(remote, list);
        }
        ApprovalVerb::Show { id } => {
            remote.call::<ApprovalGet>(&[&id], &Default::default(), &EmptyBody).await?.print(remote, show);
        }
        ApprovalVerb::Approve { id, reason } => {
            decide(remote, &id, ApprovalDecision::Approve, reason).await?
        }
        ApprovalVerb::Deny { id, reason } => decide(remote, &id, ApprovalDecision::Deny, reason).await?,
        ApprovalVerb::Link { id, name, ttl } => {
            let name = name.as_deref().map(Into::into);
            let wanted = OptionalJson(MakeApprovalLink { ttl_seconds: Some(ttl.into()), name });
            let answered = remote.call::<ApprovalLinkMake>(&[&id], &Default::default(), &wanted).await?;
            answered.print(remote, |link| out::data(&link.url));
        }
    }
    Ok(Exit::Ok)
}

async fn decide(
    remote: &Remote,
    id: &str,
    decision: ApprovalDecision,
    reason: Option<String>,
) -> Result<(), Exit> {
    let wanted = DecideApproval { decision, reason: reason.as_deref().map(Into::into) };
    let answered = remote.call::<ApprovalDecide>(&[id], &Default::default(), &Json(wanted)).await?;
    answered.print(remote, |info| out::say(&format!("{} is {}", info.id, info.state)));
    Ok(())
}

fn known_state(text: Option<&str>) -> Result<Option<ApprovalState>, Exit> {
    let Some(text) = text else { return Ok(None) };
    let known = ApprovalState::parse(text);
    if known.is_none() {
        let all: Vec<&str> = ApprovalState::ALL.iter().map(|state| state.as_str()).collect();
        out::complain(&format!("--state must be one of {}", all.join(", ")));
        return Err(Exit::Usage);
    }
    Ok(known)
}

fn list(shown: &ApprovalList) {
    let rows: Vec<Vec<String>> = shown
        .approvals
        .iter()
        .map(|info| {
            let app = optional(info.app_id.as_ref());
            let state = info.state.to_string();
            vec![
                info.id.clone(),
                state,
                info.requested_at.to_string(),
                info.identity.clone(),
                app,
                info.tool.clone(),
            ]
        })
        .collect();
    out::table(&["ID", "STATE", "REQUESTED", "IDENTITY", "APP", "TOOL"], &rows);
}

fn show(info: &ApprovalInfo) {
    out::data(&format!("{} {} by {} ({})", info.tool, info.state, info.identity, info.rule));
    out::data(&format!("{:#}", info.arguments));
}
