//! A page of records, bounded in bytes: read by and by, so that what one function printed is never in memory as a whole.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};

use super::InvocationRecord;
use crate::StoreError;

/// Bytes of the records of a page; the one that passes it is its last.
pub(super) const PAGE_BYTES_MAX: usize = 4 << 20;
/// Rows that are asked for at a time.
const ROWS_AT_ONCE: i32 = 16;

/// What was read.
pub(super) struct Page {
    /// Records with their numbers.
    pub(super) records: Vec<(i64, InvocationRecord)>,
    /// Whether there are more of them.
    pub(super) more: bool,
}

/// At most `records_max` of the records that a statement selects.
pub(super) async fn read(
    client: &mut Client,
    statement: &Statement,
    params: &[&(dyn ToSql + Sync)],
    records_max: usize,
) -> Result<Page, StoreError> {
    let transaction = client.build_transaction().read_only(true).start().await?;
    let portal = transaction.bind(statement, params).await?;
    let mut page = Page { records: Vec::new(), more: false };
    let mut bytes = 0;
    'reading: loop {
        let rows = transaction.query_portal(&portal, ROWS_AT_ONCE).await?;
        let is_last = rows.len() < ROWS_AT_ONCE as usize;
        for row in &rows {
            if page.records.len() == records_max || bytes >= PAGE_BYTES_MAX {
                page.more = true;
                break 'reading;
            }
            let record = InvocationRecord::from_row(row);
            bytes += record.bytes();
            page.records.push((row.get("number"), record));
        }
        if is_last {
            break;
        }
    }
    transaction.commit().await?;
    Ok(page)
}
