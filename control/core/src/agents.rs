//! What agents may do: policies decide their calls, counters and the audit log are in PostgreSQL, people approve.

mod approvals;
mod audit;
mod cache;
mod gate;
mod links;
mod policies;
mod servers;
mod sessions;
mod tools;

use std::sync::Arc;

use mayfly_policy::CompiledPolicy;
use mayfly_secrets::KeyRing;
use mayfly_store::Store;

use cache::AppPolicies;

pub use gate::{AgentCall, AgentCaller, CallOutcome};
pub use servers::{ToolServerParts, ToolServers};
pub use sessions::SessionOwner;
pub use tools::{AgentToolParts, AgentTools, AppToolCall};

/// Use cases of agents. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Agents {
    store: Store,
    /// The operator's, for all apps.
    server: Option<Arc<CompiledPolicy>>,
    apps: AppPolicies,
    /// The tools that there are.
    tools: Arc<[&'static str]>,
    /// Seals links.
    keyring: Arc<KeyRing>,
}

impl Agents {
    /// With the operator's policy, where there is one, and the names of all tools.
    pub fn new(
        store: Store,
        server: Option<Arc<CompiledPolicy>>,
        tools: Arc<[&'static str]>,
        keyring: Arc<KeyRing>,
    ) -> Self {
        let apps = AppPolicies::default();
        Self { store, server, apps, tools, keyring }
    }
}
