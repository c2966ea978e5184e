//! The table of recordings: what invocations received from outside, encrypted.

use chrono::NaiveDate;

use crate::{Store, StoreError};

/// A recording, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecording {
    /// The engine build that ran it.
    pub engine_digest: String,
    /// The image that it ran.
    pub image_digest: String,
    /// Which functions of it were compiled then; `None`: none.
    pub compiled_digest: Option<String>,
    /// Encrypted for the app and the invocation.
    pub encrypted: String,
}

/// The table of recordings.
#[derive(Debug, Clone, Copy)]
pub struct RecordingsTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of recordings.
    pub fn recordings(&self) -> RecordingsTable<'_> {
        RecordingsTable { store: self }
    }
}

impl RecordingsTable<'_> {
    /// Store one. For an app that is deleted by then nothing is stored.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn put(
        &self,
        app_id: &str,
        invocation_id: &str,
        recording: &StoredRecording,
    ) -> Result<(), StoreError> {
        let client = self.store.client().await?;
        let sql = "INSERT INTO recordings (invocation_id, app_id, engine_digest, image_digest, compiled_digest, sealed)
                   SELECT $1, id, $3, $4, $5, $6 FROM apps WHERE id = $2 ON CONFLICT DO NOTHING";
        let StoredRecording { engine_digest, image_digest, compiled_digest, encrypted } = recording;
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
            [&invocation_id, &app_id, engine_digest, image_digest, compiled_digest, encrypted];
        client.execute(sql, &params).await?;
        Ok(())
    }

    /// The recording of an invocation.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn get(
        &self,
        app_id: &str,
        invocation_id: &str,
    ) -> Result<Option<StoredRecording>, StoreError> {
        let client = self.store.client().await?;
        let sql = "SELECT engine_digest, image_digest, compiled_digest, sealed FROM recordings
                   WHERE app_id = $1 AND invocation_id = $2";
        let row = client.query_opt(sql, &[&app_id, &invocation_id]).await?;
        Ok(row.map(|row| StoredRecording {
            engine_digest: row.get(0),
            image_digest: row.get(1),
            compiled_digest: row.get(2),
            encrypted: row.get(3),
        }))
    }

    /// Drop those of days before this one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn drop_before(&self, day: NaiveDate) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        Ok(client.execute("DELETE FROM recordings WHERE recorded_at < $1::date", &[&day]).await?)
    }
}
