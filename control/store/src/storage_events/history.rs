//! Events, read back; and runs asked for afterwards.

use mayfly_api::uploads::UploadEventState;

use super::{COLUMNS, StorageEvents, UploadEvent};
use crate::StoreError;

/// Which events of a function, and how many.
#[derive(Debug, Clone, Copy)]
pub struct UploadQuery {
    /// The most.
    pub limit: u32,
    /// Only those that came before the one of this number.
    pub before: Option<i64>,
    /// Only those in this state.
    pub state: Option<UploadEventState>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadHistory {
    /// Newest first.
    pub events: Vec<UploadEvent>,
    /// Whether there are older ones.
    pub has_more: bool,
}

impl StorageEvents<'_> {
    /// Events of a function, newest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(
        &self,
        app_id: &str,
        name: &str,
        query: UploadQuery,
    ) -> Result<UploadHistory, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                &format!(
                    "SELECT {COLUMNS} FROM storage_events d JOIN functions f ON f.id = d.function_id
                     WHERE f.app_id = $1 AND f.name = $2 AND ($3::bigint IS NULL OR d.number < $3)
                       AND ($4::text IS NULL OR d.state = $4)
                     ORDER BY d.number DESC LIMIT $5"
                ),
                &[
                    &app_id,
                    &name,
                    &query.before,
                    &query.state.map(UploadEventState::as_str),
                    &(i64::from(query.limit) + 1),
                ],
            )
            .await?;
        let has_more = rows.len() > query.limit as usize;
        let events = rows.iter().take(query.limit as usize).map(UploadEvent::from_row).collect();
        Ok(UploadHistory { events, has_more })
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(&self, app_id: &str, name: &str, id: &str) -> Result<Option<UploadEvent>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM storage_events d JOIN functions f ON f.id = d.function_id
             WHERE f.app_id = $1 AND f.name = $2 AND d.id = $3"
        );
        let row = client.query_opt(&sql, &[&app_id, &name, &id]).await?;
        Ok(row.as_ref().map(UploadEvent::from_row))
    }

    /// Let an event that has ended run once more, with as many attempts as it had first.
    ///
    /// # Errors
    /// [`StoreError::Missing`] without it, [`StoreError::Conflict`] while it waits or runs.
    pub async fn replay(&self, app_id: &str, name: &str, id: &str) -> Result<UploadEvent, StoreError> {
        let client = self.store.client().await?;
        // Answered by the update itself: a moment later a node may have claimed it.
        let sql = format!(
            "UPDATE storage_events d SET state = 'received', run_at = now(), replays = d.replays + 1,
                 attempts_max = d.attempt + 1 + d.retries, node = NULL, claimed_until = NULL
             FROM functions f
             WHERE f.id = d.function_id AND f.app_id = $1 AND f.name = $2 AND d.id = $3
               AND d.state IN ('done', 'failed', 'dead')
             RETURNING {COLUMNS}"
        );
        if let Some(row) = client.query_opt(&sql, &[&app_id, &name, &id]).await? {
            return Ok(UploadEvent::from_row(&row));
        }
        drop(client);
        let found = self.get(app_id, name, id).await?.ok_or(StoreError::Missing("the event"))?;
        Err(StoreError::Conflict(format!("the event is {}", found.state)))
    }
}
