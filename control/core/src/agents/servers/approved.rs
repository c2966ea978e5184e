//! `ApprovedTool`: the definition of a tool as it was approved, and how the ones of today compare.

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::mcp_servers::{McpToolInfo, McpToolState};
use mayfly_mcp_proxy::{OfferedTool, ToolClass};
use mayfly_store::McpServerRow;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A tool as it was approved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::agents) struct ApprovedTool {
    pub(in crate::agents) name: String,
    /// The beginning, in which everything is seen.
    pub(in crate::agents) description: String,
    pub(in crate::agents) class: String,
    severity: String,
    signals: Vec<String>,
    /// The digest of the whole definition.
    pub(in crate::agents) sha256: String,
    pub(in crate::agents) input: Map<String, Value>,
    pub(in crate::agents) output: Option<Map<String, Value>>,
}

impl ApprovedTool {
    pub(super) fn of(tool: &OfferedTool) -> Self {
        let scanned = &tool.scanned;
        Self {
            name: tool.name.clone(),
            description: scanned.description.clone(),
            class: scanned.class.to_string(),
            severity: scanned.severity.to_string(),
            signals: scanned.signals.iter().map(|signal| signal.signal.to_owned()).collect(),
            sha256: scanned.sha256.clone(),
            input: tool.input.clone(),
            output: tool.output.clone(),
        }
    }

    /// Whether it may be called without a person's word where no policy names it.
    pub(in crate::agents) fn only_reads(&self) -> bool {
        self.class == ToolClass::Read.as_str()
    }

    pub(super) fn info(&self, state: McpToolState) -> McpToolInfo {
        McpToolInfo {
            name: self.name.clone(),
            description: self.description.clone(),
            class: self.class.clone(),
            severity: self.severity.clone(),
            signals: self.signals.clone(),
            sha256: self.sha256.clone(),
            state,
        }
    }
}

/// What was approved of a server.
pub(super) fn tools_of(row: &McpServerRow) -> ApiResult<Vec<ApprovedTool>> {
    serde_json::from_str(&row.tools).map_err(ApiError::internal)
}

pub(super) fn text_of(tools: &[ApprovedTool]) -> ApiResult<String> {
    // PostgreSQL stores no NUL, and no name needs one.
    let text = serde_json::to_string(tools).map_err(ApiError::internal)?;
    Ok(text.replace("\\u0000", "\\ufffd"))
}

/// The tools of today, and those that are gone.
pub(super) fn compared(approved: &[ApprovedTool], offered: &[OfferedTool]) -> Vec<McpToolInfo> {
    let state = |tool: &OfferedTool| match approved.iter().find(|known| known.name == tool.name) {
        Some(known) if known.sha256 == tool.scanned.sha256 => McpToolState::Approved,
        Some(_) => McpToolState::Changed,
        None => McpToolState::New,
    };
    let gone = approved.iter().filter(|known| offered.iter().all(|tool| tool.name != known.name));
    let now = offered.iter().map(|tool| ApprovedTool::of(tool).info(state(tool)));
    now.chain(gone.map(|tool| tool.info(McpToolState::Gone))).collect()
}
