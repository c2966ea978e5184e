//! Policies before any other server of the Model Context Protocol, and what its tools risk.
//!
//! [`Proxy`] is a server to its clients and a client to the server behind it (the upstream). What is asked for goes through; a
//! call of a tool passes a gate first: the pin of the tool's definition, the policy, approvals, counters, the audit log.
//! [`scan()`] only looks. Nothing is installed at the upstream.

mod approvals;
mod audit;
mod call;
mod cancel;
mod client_side;
mod common;
mod connect;
mod counters;
mod fault;
mod fetched;
mod gate;
mod guarded;
mod http;
mod kept_events;
mod keys;
mod open_tasks;
mod pins;
mod process;
mod proxy;
mod scan;
mod session;
mod settings;
mod target;
mod tool_server;
mod upstream;
mod upstream_handler;
mod visible;

pub use approvals::{ApprovalFolder, ApprovalVerdict, AskedCall, FolderApproval};
pub use fetched::{FetchedBody, Fetching, UpstreamFetch};
pub use keys::ClientKeys;
pub use pins::{PinState, Pins};
pub use proxy::{Proxy, ProxyError, scan};
pub use scan::{RiskSignal, ScanReport, ScannedTool, Severity, ToolClass, suggested_policy};
pub use settings::{ProxySettings, UpstreamSettings};
pub use target::Target;
pub use tool_server::{OfferedTool, ToolServer, ToolServerError};
pub use visible::visible;
