//! Approvals of a proxy, in the folder of its state: who may write there may decide.

use std::io;
use std::path::Path;

use mayfly_common::clock;
use mayfly_mcp_proxy::{ApprovalFolder, FolderApproval, visible};

use super::known_state;
use crate::args::ApprovalVerb;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(super) fn run(remote: &Remote, state: &Path, verb: ApprovalVerb) -> Result<Exit, Exit> {
    let folder = ApprovalFolder::in_state(state);
    let (id, approve, reason) = match verb {
        ApprovalVerb::List { state } => {
            let wanted = known_state(state.as_deref())?;
            let mut found = folder.list(clock::now()).map_err(failed)?;
            found.retain(|approval| wanted.is_none_or(|wanted| approval.state == wanted));
            list(remote, &found);
            return Ok(Exit::Ok);
        }
        ApprovalVerb::Show { id } => {
            let found = find(&folder, &id)?;
            if remote.json {
                out::json(&found);
            } else {
                let FolderApproval { call, state, .. } = &found;
                out::data(&format!("{} {state} by {} ({})", visible(&call.tool), call.identity, call.rule));
                out::data(&visible(&format!("{:#}", call.arguments)));
            }
            return Ok(Exit::Ok);
        }
        ApprovalVerb::Approve { id, reason } => (id, true, reason),
        ApprovalVerb::Deny { id, reason } => (id, false, reason),
        ApprovalVerb::Link { .. } => {
            out::complain("a proxy has no page: decide here, or let the client ask its user");
            return Err(Exit::Usage);
        }
    };
    let by = format!("uid:{}", rustix::process::getuid().as_raw());
    let decided = folder.decide(&id, approve, &by, reason.as_deref(), clock::now()).map_err(failed)?;
    let found = find(&folder, &id)?;
    if remote.json {
        out::json(&found);
    } else {
        out::say(&format!("{id} is {}", found.state));
    }
    if decided { Ok(Exit::Ok) } else { Err(Exit::Conflict) }
}

fn find(folder: &ApprovalFolder, id: &str) -> Result<FolderApproval, Exit> {
    folder.find(id, clock::now()).map_err(failed)?.ok_or_else(|| {
        out::complain(&format!("there is no approval {id}"));
        Exit::NotFound
    })
}

fn list(remote: &Remote, found: &[FolderApproval]) {
    if remote.json {
        out::json(&found);
        return;
    }
    let row = |approval: &FolderApproval| {
        let FolderApproval { call, state, .. } = approval;
        let asked = clock::rfc3339(call.requested_at);
        vec![call.id.clone(), state.to_string(), asked, call.identity.clone(), visible(&call.tool)]
    };
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    out::table(&["ID", "STATE", "REQUESTED", "IDENTITY", "TOOL"], &rows);
}

fn failed(error: io::Error) -> Exit {
    out::complain(&format!("the approvals cannot be used: {error}"));
    Exit::Failure
}
