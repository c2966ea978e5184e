//! The table of invocation records, read newest first and page by page.

mod cursor;
mod insert;
mod record;

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;

use self::cursor::Cursor;
pub(super) use self::insert::insert;
pub use self::record::{BackgroundRecord, InvocationRecord, LogLine};
use crate::store::{Store, StoreError};

/// The largest page.
pub(super) const PAGE_MAX: u32 = 1000;

/// Which records are wanted. What is `None` does not narrow.
#[derive(Debug, Clone, Default)]
pub struct InvocationQuery {
    /// Records a page, at most 1,000.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Begun at or after.
    pub since: Option<DateTime<Utc>>,
    /// Begun before.
    pub until: Option<DateTime<Utc>>,
    /// With a console entry of that level: `debug`, `log`, `info`, `warn`, `error`.
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

/// What can be done with the table of invocations. The [`Sink`](crate::store::Sink) writes it.
#[derive(Debug, Clone, Copy)]
pub struct Invocations<'a> {
    pub(super) store: &'a Store,
}

impl Invocations<'_> {
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
        let cursor = query
            .cursor
            .as_deref()
            .map(|text| {
                Cursor::parse(text).ok_or_else(|| StoreError::Conflict("the cursor is not valid".into()))
            })
            .transpose()?;
        let limit = query.limit.clamp(1, PAGE_MAX);
        let level = query.level.as_deref().map(record::level_bit);
        let status = query.status.map(i32::from);
        let one_more = i64::from(limit) + 1;
        let (cursor_at, cursor_id) = cursor.map(|cursor| (cursor.started_at, cursor.id)).unzip();
        let params: [&(dyn ToSql + Sync); 11] = [
            &app_id,
            &function_name,
            &query.since,
            &query.until,
            &level,
            &status,
            &query.failed,
            &query.invocation_id,
            &cursor_at,
            &cursor_id,
            &one_more,
        ];
        let client = self.store.client().await?;
        // Planned for the values at hand: one cached plan for all these optional filters would be a bad one.
        let rows = client.query(SELECT_PAGE, &params).await?;
        let mut records: Vec<_> = rows.iter().map(InvocationRecord::from_row).collect();
        let more = records.len() > limit as usize;
        records.truncate(limit as usize);
        let next_cursor = records.last().filter(|_| more).map(|last| Cursor::after(last).to_string());
        Ok(InvocationPage { records, next_cursor })
    }
}

const SELECT_PAGE: &str = "SELECT * FROM invocations
    WHERE app_id = $1
      AND ($2::text IS NULL OR function_name = $2)
      AND ($3::timestamptz IS NULL OR started_at >= $3)
      AND ($4::timestamptz IS NULL OR started_at < $4)
      AND ($5::smallint IS NULL OR log_levels & $5 <> 0)
      AND ($6::integer IS NULL OR status = $6)
      AND ($7::boolean IS NULL OR (status IS NULL OR status >= 400) = $7)
      AND ($8::text IS NULL OR id = $8)
      AND ($9::timestamptz IS NULL OR (started_at, id) < ($9, $10::text))
    ORDER BY started_at DESC, id DESC
    LIMIT $11";
