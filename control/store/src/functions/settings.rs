//! `FunctionSettings`: limits and switches of a function, and patches of them.

use mayfly_api::functions::{
    AgentToolExposure, AgentToolMode, IdempotencyKeyMode, SettingsChange, TransactionMode,
};
use mayfly_api::tool_schema::ToolSchema;
use tokio_postgres::{Row, Transaction};

use crate::StoreError;

/// Limits and switches of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionSettings {
    /// Wall clock, in milliseconds.
    pub timeout_ms: u32,
    /// CPU, in milliseconds of 10 million fuel.
    pub cpu_limit_ms: u32,
    /// Memory, in MiB.
    pub memory_limit_mb: u32,
    /// Whether agents may call it.
    pub agent_tool: bool,
    /// What it does, for agents.
    pub agent_tool_description: Option<String>,
    /// What agents may do through it.
    pub agent_tool_mode: AgentToolMode,
    /// Whose agents see it.
    pub agent_tool_exposed_to: AgentToolExposure,
    /// What it takes as a tool.
    pub agent_tool_input: Option<ToolSchema>,
    /// What it answers as a tool.
    pub agent_tool_output: Option<ToolSchema>,
    /// Whether a service key may act as a user in it.
    pub allow_service_key_impersonation: bool,
    /// How many of a hundred invocations are recorded, so that they can be run again.
    pub record_percent: u32,
    /// Whether all that an invocation writes is committed together.
    pub transaction: TransactionMode,
    /// Whether a repeated request gets the first one's response.
    pub idempotency_key: IdempotencyKeyMode,
}

impl Default for FunctionSettings {
    fn default() -> Self {
        Self {
            timeout_ms: 30_000,
            cpu_limit_ms: 10_000,
            memory_limit_mb: 128,
            agent_tool: false,
            agent_tool_description: None,
            agent_tool_mode: AgentToolMode::default(),
            agent_tool_exposed_to: AgentToolExposure::default(),
            agent_tool_input: None,
            agent_tool_output: None,
            allow_service_key_impersonation: true,
            record_percent: 0,
            transaction: TransactionMode::default(),
            idempotency_key: IdempotencyKeyMode::default(),
        }
    }
}

impl FunctionSettings {
    pub(super) fn from_row(row: &Row) -> Self {
        let unsigned = |column: &str| row.get::<_, i32>(column).unsigned_abs();
        let schema = |column: &str| row.get::<_, Option<&str>>(column).and_then(ToolSchema::parse);
        Self {
            timeout_ms: unsigned("timeout_ms"),
            cpu_limit_ms: unsigned("cpu_limit_ms"),
            memory_limit_mb: unsigned("memory_limit_mb"),
            agent_tool: row.get("agent_tool"),
            agent_tool_description: row.get("agent_tool_description"),
            agent_tool_mode: AgentToolMode::parse(row.get("agent_tool_mode")).unwrap_or_default(),
            agent_tool_exposed_to: AgentToolExposure::parse(row.get("agent_tool_exposed_to"))
                .unwrap_or_default(),
            agent_tool_input: schema("agent_tool_input"),
            agent_tool_output: schema("agent_tool_output"),
            allow_service_key_impersonation: row.get("allow_service_key_impersonation"),
            record_percent: unsigned("record_percent"),
            transaction: TransactionMode::parse(row.get("transaction_mode")).unwrap_or_default(),
            idempotency_key: IdempotencyKeyMode::parse(row.get("idempotency_key")).unwrap_or_default(),
        }
    }
}

/// `false` when there is no such function.
pub(super) async fn apply(
    transaction: &Transaction<'_>,
    app_id: &str,
    name: &str,
    patch: &SettingsChange,
) -> Result<bool, StoreError> {
    let signed = |value: Option<u32>| value.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
    let changed = transaction
        .execute(
            "UPDATE functions SET
                timeout_ms = coalesce($3, timeout_ms),
                cpu_limit_ms = coalesce($4, cpu_limit_ms),
                memory_limit_mb = coalesce($5, memory_limit_mb),
                agent_tool = coalesce($6, agent_tool),
                agent_tool_description = coalesce($7, agent_tool_description),
                agent_tool_mode = coalesce($8, agent_tool_mode),
                agent_tool_exposed_to = coalesce($9, agent_tool_exposed_to),
                allow_service_key_impersonation = coalesce($10, allow_service_key_impersonation),
                record_percent = coalesce($11, record_percent),
                transaction_mode = coalesce($12, transaction_mode),
                idempotency_key = coalesce($13, idempotency_key),
                agent_tool_input = coalesce($14, agent_tool_input),
                agent_tool_output = coalesce($15, agent_tool_output),
                updated_at = now()
             WHERE app_id = $1 AND name = $2",
            &[
                &app_id,
                &name,
                &signed(patch.timeout_ms),
                &signed(patch.cpu_limit_ms),
                &signed(patch.memory_limit_mb),
                &patch.agent_tool,
                &patch.agent_tool_description,
                &patch.agent_tool_mode.map(AgentToolMode::as_str),
                &patch.agent_tool_exposed_to.map(AgentToolExposure::as_str),
                &patch.allow_service_key_impersonation,
                &signed(patch.record_percent),
                &patch.transaction.map(TransactionMode::as_str),
                &patch.idempotency_key.map(IdempotencyKeyMode::as_str),
                &patch.agent_tool_input.as_ref().map(ToolSchema::text),
                &patch.agent_tool_output.as_ref().map(ToolSchema::text),
            ],
        )
        .await?;
    Ok(changed > 0)
}
