//! The report about a server's tools.

use rmcp::model::Tool;
use serde::Serialize;

use super::classify::{ToolClass, classify};
use super::severity::Severity;
use super::signals::{RiskSignal, signals};
use crate::pins;
use crate::visible::visible;

/// Characters of a description in a report.
const DESCRIPTION_CHARS_MAX: usize = 300;

/// What is known of one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScannedTool {
    /// Its name; what is not shown in it stands as its number.
    pub name: String,
    /// What it does.
    pub class: ToolClass,
    /// How bad a mistake would be.
    pub severity: Severity,
    /// What is risky about it.
    pub signals: Vec<RiskSignal>,
    /// The beginning of its description, likewise made visible.
    pub description: String,
    /// The digest of its definition.
    pub sha256: String,
    /// As the policy has to name it.
    #[serde(skip)]
    pub(crate) raw_name: String,
}

impl ScannedTool {
    /// Look at one tool.
    pub(crate) fn of(tool: &Tool) -> Self {
        let class = classify(tool);
        let signals = signals(tool, class);
        let of_class = match class {
            ToolClass::Read => Severity::Low,
            ToolClass::Write => Severity::Medium,
            ToolClass::Execute => Severity::High,
            ToolClass::Destructive | ToolClass::Admin => Severity::Critical,
        };
        let severity = signals.iter().map(|signal| signal.severity).fold(of_class, Severity::max);
        let description = tool.description.as_deref().unwrap_or_default();
        let description: String = description.chars().take(DESCRIPTION_CHARS_MAX).collect();
        Self {
            name: visible(&tool.name),
            class,
            severity,
            signals,
            description: visible(&description),
            sha256: pins::digest(tool),
            raw_name: tool.name.to_string(),
        }
    }

    /// Whether its texts speak to the model, or hide something.
    pub fn is_injected(&self) -> bool {
        self.signals.iter().any(|signal| signal.signal == "injected_text")
    }
}

/// What is known of a server's tools.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScanReport {
    /// What the server calls itself.
    pub server: String,
    /// Its version.
    pub version: String,
    /// Why its instructions are not to be trusted.
    pub instructions: Vec<String>,
    /// Its tools, in its order.
    pub tools: Vec<ScannedTool>,
}

impl ScanReport {
    /// How many tools there are of a class.
    pub fn count(&self, class: ToolClass) -> usize {
        self.tools.iter().filter(|tool| tool.class == class).count()
    }
}
