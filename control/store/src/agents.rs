//! The tables of agents: policies, their counters, the audit log, approvals.

mod approvals;
mod audit;
mod counters;
mod policies;
mod servers;

use chrono::{DateTime, Utc};

pub use approvals::NewApproval;
pub use audit::{AuditOutcome, AuditQuery, NewAuditEntry};
pub use counters::{CounterFull, CounterStep};
pub use servers::McpServerRow;

use crate::{Store, StoreError};

/// The tables of agents.
#[derive(Debug, Clone, Copy)]
pub struct AgentTables<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The tables of agents.
    pub fn agents(&self) -> AgentTables<'_> {
        AgentTables { store: self }
    }
}

impl AgentTables<'_> {
    /// Delete what is over: windows that have ended, calls and approvals before `oldest`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tidy(&self, oldest: DateTime<Utc>) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client.execute("DELETE FROM policy_counters WHERE ends_at < now() - interval '1 hour'", &[]).await?;
        client.execute("DELETE FROM agent_audit WHERE at < $1", &[&oldest]).await?;
        client.execute("DELETE FROM agent_approvals WHERE requested_at < $1", &[&oldest]).await?;
        Ok(())
    }
}
