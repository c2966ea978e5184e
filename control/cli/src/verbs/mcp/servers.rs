//! `mayfly mcp servers`: other MCP servers whose tools an app's code may call.

use std::collections::BTreeMap;

use mayfly_api::endpoint::{EmptyBody, Json};
use mayfly_api::mcp_servers::{ApproveMcpTools, McpServerInfo, McpServerList, McpToolState, SetMcpServer};
use mayfly_api::routes::{McpServerDelete, McpServerGet, McpServerSet, McpServersList, McpToolsApprove};
use mayfly_api::value::Object;
use serde_json::json;

use crate::args::{McpServerSetArgs, McpServersVerb};
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(crate) async fn servers(remote: &Remote, verb: McpServersVerb) -> Result<Exit, Exit> {
    let query = Default::default();
    match verb {
        McpServersVerb::List => {
            remote.call::<McpServersList>(&[], &query, &EmptyBody).await?.print(remote, list);
        }
        McpServersVerb::Show { name } => {
            remote.call::<McpServerGet>(&[&name], &query, &EmptyBody).await?.print(remote, show);
        }
        McpServersVerb::Set(args) => {
            let McpServerSetArgs { name, server_url, program, key_env } = args;
            let wanted = json!({ "url": server_url, "program": program, "key_env": key_env });
            let wanted: SetMcpServer = serde_json::from_value(wanted).map_err(complain)?;
            remote.call::<McpServerSet>(&[&name], &query, &Json(wanted)).await?.print(remote, show);
        }
        McpServersVerb::Approve { name, tools, all } => {
            let shown = remote.call::<McpServerGet>(&[&name], &query, &EmptyBody).await?;
            let tools = wanted(&shown.answer, &tools, all)?;
            if tools.is_empty() {
                out::say("every tool is approved already, or has injected text");
                return Ok(Exit::Ok);
            }
            let wanted = ApproveMcpTools { tools: Object(tools) };
            remote.call::<McpToolsApprove>(&[&name], &query, &Json(wanted)).await?.print(remote, show);
        }
        McpServersVerb::Remove { name } => {
            let removed = remote.call::<McpServerDelete>(&[&name], &query, &EmptyBody).await?;
            removed.print(remote, |_| out::say("its tools are no tools of the app any more"));
        }
    }
    Ok(Exit::Ok)
}

/// The digests of the tools that are to be approved, as the server has them now.
fn wanted(shown: &McpServerInfo, names: &[String], all: bool) -> Result<BTreeMap<String, String>, Exit> {
    let mut tools = BTreeMap::new();
    for tool in &shown.tools {
        let is_other = matches!(tool.state, McpToolState::Changed | McpToolState::New);
        let is_clean = !tool.signals.iter().any(|signal| signal == "injected_text");
        if names.contains(&tool.name) || (all && is_other && is_clean) {
            tools.insert(tool.name.clone(), tool.sha256.clone());
        }
    }
    match names.iter().find(|name| !tools.contains_key(*name)) {
        None => Ok(tools),
        Some(name) => {
            out::complain(&format!("the server has no tool {name}"));
            Err(Exit::NotFound)
        }
    }
}

fn list(list: &McpServerList) {
    let rows: Vec<Vec<String>> = list
        .servers
        .iter()
        .map(|server| {
            let of =
                server.url.clone().or_else(|| server.program.as_ref().map(|name| format!("program {name}")));
            vec![
                server.name.clone(),
                of.unwrap_or_default(),
                server.tools.len().to_string(),
                server.updated_at.to_string(),
            ]
        })
        .collect();
    out::table(&["NAME", "SERVER", "TOOLS", "APPROVED_AT"], &rows);
}

fn show(server: &McpServerInfo) {
    let rows: Vec<Vec<String>> = server
        .tools
        .iter()
        .map(|tool| {
            vec![
                mayfly_mcp_proxy::visible(&tool.name),
                tool.state.to_string(),
                tool.class.clone(),
                tool.severity.clone(),
                tool.signals.join(", "),
                tool.description.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(60).collect(),
            ]
        })
        .collect();
    out::table(&["TOOL", "STATE", "CLASS", "SEVERITY", "SIGNALS", "DESCRIPTION"], &rows);
    if server.tools.iter().any(|tool| tool.state == McpToolState::New) {
        out::say("new tools cannot be called until they are approved: mayfly mcp servers approve NAME TOOL");
    }
}

fn complain(error: serde_json::Error) -> Exit {
    out::complain(&error.to_string());
    Exit::Validation
}
