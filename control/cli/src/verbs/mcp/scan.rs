//! `mayfly mcp scan`: what the tools of an MCP server do, and what is risky about them.

use std::path::Path;

use mayfly_mcp_proxy::{Pins, ScanReport, ToolClass, suggested_policy};
use serde_json::json;

use super::proxy::upstream;
use crate::args::McpScanArgs;
use crate::exit::Exit;
use crate::out;
use crate::remote::Remote;

pub(crate) async fn scan(remote: &Remote, args: McpScanArgs) -> Result<Exit, Exit> {
    let settings = upstream(&args.server, args.reach)?;
    let shown = settings.target.shown();
    let (report, pins) = mayfly_mcp_proxy::scan(&settings).await.map_err(|error| {
        out::complain(&format!("{shown} cannot be scanned: {}", mayfly_mcp_proxy::visible(&error)));
        Exit::Failure
    })?;
    let changes = match &args.pins_out {
        Some(file) => changes(file, &pins)?,
        None => Vec::new(),
    };
    if remote.json {
        let policy = suggested_policy(&report.tools);
        out::json(&json!({ "report": report, "policy": policy, "changes": changes }));
    } else {
        show(&report);
        changes.iter().for_each(|change| out::say(change));
    }
    if let Some(file) = &args.policy_out {
        let text = format!("{:#}\n", suggested_policy(&report.tools));
        std::fs::write(file, text).map_err(|error| cannot_write(file, &error))?;
    }
    if let Some(file) = &args.pins_out {
        pins.save(file).map_err(|error| cannot_write(file, &error))?;
    }
    Ok(Exit::Ok)
}

/// What is otherwise than in the file of pins.
fn changes(file: &Path, pins: &Pins) -> Result<Vec<String>, Exit> {
    let known = Pins::load(file).map_err(|error| cannot_write(file, &error))?;
    Ok(known.map(|known| known.changes(pins)).unwrap_or_default())
}

fn show(report: &ScanReport) {
    out::data(&format!("{} {}: {} tools", report.server, report.version, report.tools.len()));
    for injected in &report.instructions {
        out::data(&format!("  ! the server's instructions: {injected}"));
    }
    for tool in &report.tools {
        out::data(&format!("\n{}  {} ({})", tool.name, tool.class, tool.severity));
        if let Some(line) = tool.description.lines().find(|line| !line.trim().is_empty()) {
            out::data(&format!("  {line}"));
        }
        for signal in &tool.signals {
            out::data(&format!("  ! {}", signal.text));
        }
    }
    let classes =
        [ToolClass::Read, ToolClass::Write, ToolClass::Execute, ToolClass::Destructive, ToolClass::Admin];
    let counts: Vec<String> =
        classes.into_iter().map(|class| format!("{} {class}", report.count(class))).collect();
    out::data(&format!("\n{}", counts.join(", ")));
}

fn cannot_write(file: &Path, error: &std::io::Error) -> Exit {
    out::complain(&format!("{}: {error}", file.display()));
    Exit::Failure
}
