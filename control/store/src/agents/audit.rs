//! The audit log: a row a call, written before it runs and completed after.

use mayfly_api::audit::{AuditDecision, AuditEntry};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::AgentTables;
use crate::StoreError;

/// A call, as it is decided.
#[derive(Debug, Clone)]
pub struct NewAuditEntry {
    /// The app, where the call is about one.
    pub app_id: Option<String>,
    /// Who calls.
    pub identity: String,
    /// The agent's session.
    pub session_id: Option<String>,
    /// The tool.
    pub tool: String,
    /// Its arguments as they may be shown, as JSON.
    pub arguments: String,
    /// What was decided.
    pub decision: AuditDecision,
    /// The rule that decided.
    pub rule: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The code of a call that does not run.
    pub error_code: Option<String>,
    /// The approval that it waits for, or used.
    pub approval_id: Option<String>,
    /// The request.
    pub request_id: String,
}

/// How a call ended.
#[derive(Debug, Clone, Default)]
pub struct AuditOutcome {
    /// Whether it succeeded.
    pub succeeded: bool,
    /// The code of its failure.
    pub error_code: Option<String>,
    /// The invocation, where a function ran.
    pub invocation_id: Option<String>,
}

/// Which calls.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Of this app.
    pub app_id: Option<String>,
    /// Of this tool.
    pub tool: Option<String>,
    /// With this decision.
    pub decision: Option<AuditDecision>,
    /// Of this identity.
    pub identity: Option<String>,
    /// Of this session.
    pub session_id: Option<String>,
    /// Before this number.
    pub before: Option<i64>,
    /// How many.
    pub limit: u32,
}

impl AgentTables<'_> {
    /// Write a call down. Answers its number.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; the call must not run then.
    pub async fn record(&self, entry: &NewAuditEntry) -> Result<i64, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "INSERT INTO agent_audit (app_id, identity, tool, arguments, decision, rule, reason, error_code,
                    approval_id, request_id, session_id, ended_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, CASE WHEN $5 = 'allowed' THEN NULL ELSE now() END)
                 RETURNING id",
            )
            .await?;
        let params: [&(dyn ToSql + Sync); 11] = [
            &entry.app_id,
            &entry.identity,
            &entry.tool,
            &entry.arguments,
            &entry.decision.as_str(),
            &entry.rule,
            &entry.reason,
            &entry.error_code,
            &entry.approval_id,
            &entry.request_id,
            &entry.session_id,
        ];
        Ok(client.query_one(&statement, &params).await?.get(0))
    }

    /// Write down how a call ended.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn complete(&self, id: i64, outcome: &AuditOutcome) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(
                "UPDATE agent_audit SET succeeded = $2, error_code = $3, invocation_id = $4, ended_at = now()
                 WHERE id = $1",
            )
            .await?;
        let AuditOutcome { succeeded, error_code, invocation_id } = outcome;
        client.execute(&statement, &[&id, succeeded, error_code, invocation_id]).await?;
        Ok(())
    }

    /// Calls, newest first; one more than asked for where there are more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn calls(&self, query: &AuditQuery) -> Result<Vec<AuditEntry>, StoreError> {
        let client = self.store.client().await?;
        let decision = query.decision.map(AuditDecision::as_str);
        let limit = i64::from(query.limit) + 1;
        let params: [&(dyn ToSql + Sync); 7] = [
            &query.app_id,
            &query.tool,
            &decision,
            &query.identity,
            &query.before,
            &limit,
            &query.session_id,
        ];
        let rows = client
            .query(
                "SELECT * FROM agent_audit
                 WHERE ($1::text IS NULL OR app_id = $1) AND ($2::text IS NULL OR tool = $2)
                   AND ($3::text IS NULL OR decision = $3) AND ($4::text IS NULL OR identity = $4)
                   AND ($5::bigint IS NULL OR id < $5) AND ($7::text IS NULL OR session_id = $7)
                 ORDER BY id DESC LIMIT $6",
                &params,
            )
            .await?;
        Ok(rows.iter().map(entry).collect())
    }
}

fn entry(row: &Row) -> AuditEntry {
    let (arguments, decision): (String, String) = (row.get("arguments"), row.get("decision"));
    let (at, ended_at): (chrono::DateTime<chrono::Utc>, Option<chrono::DateTime<chrono::Utc>>) =
        (row.get("at"), row.get("ended_at"));
    AuditEntry {
        id: row.get("id"),
        at: at.into(),
        app_id: row.get("app_id"),
        identity: row.get("identity"),
        session_id: row.get("session_id"),
        tool: row.get("tool"),
        arguments: serde_json::from_str(&arguments).unwrap_or_default(),
        decision: AuditDecision::parse(&decision).unwrap_or(AuditDecision::Refused),
        rule: row.get("rule"),
        reason: row.get("reason"),
        succeeded: row.get("succeeded"),
        error_code: row.get("error_code"),
        invocation_id: row.get("invocation_id"),
        approval_id: row.get("approval_id"),
        request_id: row.get("request_id"),
        ended_at: ended_at.map(Into::into),
    }
}
