//! Approvals: a call waits as a row, a person decides it once, and the call uses it once.

use chrono::{DateTime, Utc};
use mayfly_api::approvals::{ApprovalInfo, ApprovalState};
use mayfly_api::ids;
use tokio_postgres::Row;

use super::AgentTables;
use crate::StoreError;

/// A call that has to wait.
#[derive(Debug, Clone)]
pub struct NewApproval {
    /// The app, where the call is about one.
    pub app_id: Option<String>,
    /// Who wants to call.
    pub identity: String,
    /// The tool.
    pub tool: String,
    /// Its arguments as they are shown, as JSON.
    pub arguments: String,
    /// SHA-256 of the tool and all of its arguments.
    pub digest: Vec<u8>,
    /// The rule that asks for it.
    pub rule: String,
    /// For how long it can be decided and used.
    pub seconds: u32,
}

/// A row whose time is over is expired, whether that was written down or not.
const COLUMNS: &str = "id, app_id, identity, tool, arguments, rule, requested_at, expires_at, decided_at, decided_by,
    reason, used_at,
    CASE WHEN state IN ('pending', 'approved') AND expires_at <= now() THEN 'expired' ELSE state END AS state";

impl AgentTables<'_> {
    /// Use the approval of a call, once: `None`: there is none that is approved and in time.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn use_approval(&self, identity: &str, digest: &[u8]) -> Result<Option<String>, StoreError> {
        let client = self.store.client().await?;
        let row = client
            .query_opt(
                "UPDATE agent_approvals SET state = 'used', used_at = now()
                 WHERE identity = $1 AND digest = $2 AND state = 'approved' AND expires_at > now() RETURNING id",
                &[&identity, &digest],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Give an approval back, whose call did not run after all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn give_back_approval(&self, id: &str) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        client
            .execute(
                "UPDATE agent_approvals a SET state = 'approved', used_at = NULL WHERE a.id = $1 AND a.state = 'used'
                   AND NOT EXISTS (SELECT FROM agent_approvals o WHERE o.identity = a.identity AND o.digest = a.digest
                     AND o.state IN ('pending', 'approved'))",
                &[&id],
            )
            .await?;
        Ok(())
    }

    /// The approval that a call waits for, made where there is none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ask_approval(&self, wanted: &NewApproval) -> Result<ApprovalInfo, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        transaction
            .execute(
                "UPDATE agent_approvals SET state = 'expired'
                 WHERE identity = $1 AND digest = $2 AND state IN ('pending', 'approved') AND expires_at <= now()",
                &[&wanted.identity, &wanted.digest],
            )
            .await?;
        transaction
            .execute(
                "INSERT INTO agent_approvals (id, app_id, identity, tool, arguments, digest, rule, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, now() + $8 * interval '1 s')
                 ON CONFLICT (identity, digest) WHERE state IN ('pending', 'approved') DO NOTHING",
                &[
                    &ids::approval_id(),
                    &wanted.app_id,
                    &wanted.identity,
                    &wanted.tool,
                    &wanted.arguments,
                    &wanted.digest,
                    &wanted.rule,
                    &f64::from(wanted.seconds),
                ],
            )
            .await?;
        let row = transaction
            .query_one(
                &format!(
                    "SELECT {COLUMNS} FROM agent_approvals
                     WHERE identity = $1 AND digest = $2 AND state IN ('pending', 'approved')"
                ),
                &[&wanted.identity, &wanted.digest],
            )
            .await?;
        transaction.commit().await?;
        Ok(approval(&row))
    }

    /// Decide an approval that is pending. `Ok(None)`: there is none of that id.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is decided or expired already.
    pub async fn decide_approval(
        &self,
        id: &str,
        approve: bool,
        by: &str,
        reason: Option<&str>,
    ) -> Result<Option<ApprovalInfo>, StoreError> {
        let client = self.store.client().await?;
        let state = if approve { ApprovalState::Approved } else { ApprovalState::Denied };
        let row = client
            .query_opt(
                &format!(
                    "UPDATE agent_approvals SET state = $2, decided_at = now(), decided_by = $3, reason = $4
                     WHERE id = $1 AND state = 'pending' AND expires_at > now() RETURNING {COLUMNS}"
                ),
                &[&id, &state.as_str(), &by, &reason],
            )
            .await?;
        if let Some(row) = row {
            return Ok(Some(approval(&row)));
        }
        match self.approval(id).await? {
            None => Ok(None),
            Some(known) => Err(StoreError::Conflict(format!("the approval is {} already", known.state))),
        }
    }

    /// One approval.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn approval(&self, id: &str) -> Result<Option<ApprovalInfo>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!("SELECT {COLUMNS} FROM agent_approvals WHERE id = $1");
        Ok(client.query_opt(&sql, &[&id]).await?.as_ref().map(approval))
    }

    /// Approvals, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn approvals(
        &self,
        state: Option<ApprovalState>,
        limit: u32,
    ) -> Result<Vec<ApprovalInfo>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT * FROM (SELECT {COLUMNS} FROM agent_approvals) approvals
             WHERE ($1::text IS NULL OR state = $1) ORDER BY requested_at DESC LIMIT $2"
        );
        let rows = client.query(&sql, &[&state.map(ApprovalState::as_str), &i64::from(limit)]).await?;
        Ok(rows.iter().map(approval).collect())
    }
}

fn approval(row: &Row) -> ApprovalInfo {
    let (arguments, state): (String, String) = (row.get("arguments"), row.get("state"));
    let time = |name: &str| row.get::<_, Option<DateTime<Utc>>>(name).map(Into::into);
    let (requested_at, expires_at): (DateTime<Utc>, DateTime<Utc>) =
        (row.get("requested_at"), row.get("expires_at"));
    ApprovalInfo {
        id: row.get("id"),
        state: ApprovalState::parse(&state).unwrap_or(ApprovalState::Expired),
        app_id: row.get("app_id"),
        identity: row.get("identity"),
        tool: row.get("tool"),
        arguments: serde_json::from_str(&arguments).unwrap_or_default(),
        rule: row.get("rule"),
        requested_at: requested_at.into(),
        expires_at: expires_at.into(),
        decided_at: time("decided_at"),
        decided_by: row.get("decided_by"),
        reason: row.get("reason"),
        used_at: time("used_at"),
    }
}
