//! Policies of agents: which calls of tools may be made. Pure: counters are named here, and kept elsewhere.

mod argument;
mod decide;
mod explain;
mod load;
mod path;
mod redact;
mod schema;

pub use decide::{CounterUse, PolicyCall, PolicyCaller, PolicyDecision, PolicyVerdict};
pub use load::{AGENT_TOOL_PREFIX, CompiledPolicy, SERVER_TOOL_PREFIX};
pub use redact::{redacted, without_secrets};
pub use schema::CompiledSchema;
