//! Policies of agents: which calls of tools may be made. Pure: counters are named here, and kept elsewhere.

mod argument;
mod decide;
mod explain;
mod load;
mod path;
mod redact;

pub use decide::{CounterUse, PolicyCall, PolicyCaller, PolicyDecision, PolicyVerdict};
pub use load::CompiledPolicy;
pub use redact::{redacted, without_secrets};
