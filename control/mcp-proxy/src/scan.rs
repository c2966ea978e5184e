//! What the tools of a server do, what is risky about them, and a policy to begin with. Pure.

mod classify;
mod injection;
mod report;
mod severity;
mod signals;
mod suggest;
mod words;

pub use classify::ToolClass;
pub use report::{ScanReport, ScannedTool};
pub use severity::Severity;
pub use signals::RiskSignal;
pub use suggest::suggested_policy;

pub(crate) use injection::{injections, injections_in};
