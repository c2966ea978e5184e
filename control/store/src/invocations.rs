//! The table of invocation records, read newest first and page by page, or followed as it grows.

mod cursor;
mod days;
mod insert;
mod page;
mod record;

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;

pub(super) use self::insert::insert;
pub use self::record::{BackgroundRecord, InvocationRecord, LogLine, PromiseRecord};
use crate::{Store, StoreError};

/// The largest page.
pub(super) const PAGE_MAX: u32 = 1000;

/// Which records are wanted. What is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct InvocationQuery {
    /// Records a page, at most 1,000; fewer where they are long.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Begun at or after.
    pub since: Option<DateTime<Utc>>,
    /// Begun before.
    pub until: Option<DateTime<Utc>>,
    /// With a console entry of that level: `debug`, `log`, `info`, `warn`, `error`. A failure is an `error`, too.
    pub level: Option<String>,
    /// With exactly that status.
    pub status: Option<u16>,
    /// With failures only (`true`), or without them (`false`).
    pub failed: Option<bool>,
    /// That one only.
    pub invocation_id: Option<String>,
}

/// One page of records, newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InvocationPage {
    /// The records.
    pub records: Vec<InvocationRecord>,
    /// Where the next page begins; `None`: there is none.
    pub next_cursor: Option<String>,
}

/// The table of invocation records; [`Sink`](crate::Sink) writes it.
#[derive(Debug, Clone, Copy)]
pub struct InvocationsTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of invocation records; [`Sink`](crate::Sink) writes it.
    pub fn invocations(&self) -> InvocationsTable<'_> {
        InvocationsTable { store: self }
    }
}

impl InvocationsTable<'_> {
    /// Records of one function, or with `None` of all functions of the app.
    ///
    /// A function is meant by its name, so that what a deleted function left can still be read.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the cursor is none of ours.
    pub async fn query(
        &self,
        app_id: &str,
        function_name: Option<&str>,
        query: &InvocationQuery,
    ) -> Result<InvocationPage, StoreError> {
        let bad_cursor = || StoreError::Conflict("the cursor is not valid".into());
        let before = match query.cursor.as_deref() {
            Some(text) => Some(cursor::read(text).ok_or_else(bad_cursor)?),
            None => None,
        };
        let limit = query.limit.clamp(1, PAGE_MAX);
        let level = query.level.as_deref().map(record::level_bit);
        let status = query.status.map(i32::from);
        let one_more = i64::from(limit) + 1;
        let params: [&(dyn ToSql + Sync); 10] = [
            &app_id,
            &function_name,
            &query.since,
            &query.until,
            &level,
            &status,
            &query.failed,
            &query.invocation_id,
            &before,
            &one_more,
        ];
        let mut client = self.store.client().await?;
        // Planned for the values at hand: one cached plan for all these optional filters would be a bad one.
        let statement = client.prepare(SELECT_PAGE).await?;
        let page = page::read(&mut client, &statement, &params, limit as usize).await?;
        let last = page.records.last().filter(|_| page.more).map(|(number, _)| cursor::write(*number));
        Ok(InvocationPage {
            records: page.records.into_iter().map(|(_, record)| record).collect(),
            next_cursor: last,
        })
    }

    /// The number that was assigned last. A reader that follows from here on misses nothing that ends later.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn newest(&self) -> Result<u64, StoreError> {
        let client = self.store.client().await?;
        // A sequence that was never asked says 1 as well.
        let sql = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM invocation_numbers";
        let row = client.query_one(sql, &[]).await?;
        Ok(row.get::<_, i64>(0).unsigned_abs())
    }

    /// Records of one function with numbers above `after`, oldest first, each with its number; fewer than `limit` where
    /// they are long. A reader that goes on from the last number misses none.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn following(
        &self,
        app_id: &str,
        function_name: &str,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, InvocationRecord)>, StoreError> {
        let mut client = self.store.client().await?;
        let statement = client.prepare_cached(SELECT_FOLLOWING).await?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let limit = limit.clamp(1, PAGE_MAX);
        let rows = i64::from(limit);
        let params: [&(dyn ToSql + Sync); 4] = [&app_id, &function_name, &after, &rows];
        let page = page::read(&mut client, &statement, &params, limit as usize).await?;
        Ok(page.records.into_iter().map(|(number, record)| (number.unsigned_abs(), record)).collect())
    }
}

const SELECT_FOLLOWING: &str = "SELECT * FROM invocations
    WHERE app_id = $1 AND function_name = $2 AND number > $3
    ORDER BY number LIMIT $4";

const SELECT_PAGE: &str = "SELECT * FROM invocations
    WHERE app_id = $1
      AND ($2::text IS NULL OR function_name = $2)
      -- Nothing is recorded before it began: whole days need not be looked at.
      AND ($3::timestamptz IS NULL OR started_at >= $3 AND recorded_at >= $3)
      AND ($4::timestamptz IS NULL OR started_at < $4)
      -- What was thrown is an error, although no console printed it.
      AND ($5::smallint IS NULL OR log_levels & $5 <> 0 OR ($5 & 16 <> 0 AND error_code IS NOT NULL))
      AND ($6::integer IS NULL OR status = $6)
      AND ($7::boolean IS NULL OR (status IS NULL OR status >= 400) = $7)
      AND ($8::text IS NULL OR id = $8)
      AND ($9::bigint IS NULL OR number < $9)
    ORDER BY number DESC
    LIMIT $10";
