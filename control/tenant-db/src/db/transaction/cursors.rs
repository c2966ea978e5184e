//! `ctx.db.stream`: portals of a transaction, whose rows are fetched when they are asked for.

use std::collections::HashMap;

use mayfly_runtime::providers::{BigintMode, Cursor, GuestError, RowBatch, RowShape, Statement};
use uuid::Uuid;

use super::AppTransaction;
use crate::db::database::within_time;
use crate::db::rows::JsonRows;
use crate::wire::{Field, Opening, RowSink as _};

/// Portals that a transaction may have open at once.
const OPEN_MAX: usize = 16;

/// The open portals of one transaction.
#[derive(Default)]
pub(super) struct Cursors {
    open: HashMap<Cursor, Open>,
    last: u32,
}

struct Open {
    /// Not to be guessed: a cursor that SQL declared under this name would be in the way.
    portal: String,
    fields: Vec<Field>,
    bigint: BigintMode,
    shape: RowShape,
}

impl AppTransaction {
    pub(super) async fn open_cursor(&mut self, statement: Statement) -> Result<Cursor, GuestError> {
        if self.cursors.open.len() == OPEN_MAX {
            let message = format!("a transaction has {OPEN_MAX} streams open at most");
            return Err(GuestError::new("54000", message));
        }
        let params = self.vet(&statement)?;
        let portal = format!("m{}", Uuid::new_v4().simple());
        let before = self.take_pending();
        let opening = Opening { before: &before, portal: &portal, sql: &statement.sql, params: &params };
        let opened = within_time(&mut self.checkout, async |checkout| {
            checkout.connection()?.open_portal(&opening).await
        })
        .await;
        let fields = self.still_open(opened)?;
        self.cursors.last += 1;
        let cursor = Cursor(self.cursors.last);
        let open = Open { portal, fields, bigint: statement.bigint, shape: statement.shape };
        self.cursors.open.insert(cursor, open);
        Ok(cursor)
    }

    pub(super) async fn fetch_rows(&mut self, cursor: Cursor, rows: u32) -> Result<RowBatch, GuestError> {
        let Some(open) = self.cursors.open.remove(&cursor) else { return Err(closed()) };
        let bounds = self.checkout.pools().bounds();
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX).clamp(1, bounds.rows_max);
        let mut batch = JsonRows::new(open.bigint, open.shape, bounds);
        batch.fields(open.fields.clone());
        let fetched = within_time(&mut self.checkout, async |checkout| {
            let wanted = i32::try_from(wanted).unwrap_or(i32::MAX);
            checkout.connection()?.fetch_portal(&open.portal, wanted, &mut batch).await
        })
        .await;
        let is_last = self.still_open(fetched)?;
        let result = batch.finish("");
        if is_last {
            // Kept open to the end of the transaction, it would hold what the statement holds.
            self.let_go(&open.portal).await?;
        } else {
            self.cursors.open.insert(cursor, open);
        }
        Ok(RowBatch { result, is_last })
    }

    pub(super) async fn close_cursor(&mut self, cursor: Cursor) -> Result<(), GuestError> {
        match self.cursors.open.remove(&cursor) {
            Some(open) => self.let_go(&open.portal).await,
            None => Ok(()),
        }
    }

    async fn let_go(&mut self, portal: &str) -> Result<(), GuestError> {
        let outcome = within_time(&mut self.checkout, async |checkout| {
            checkout.connection()?.close_portal(portal).await
        })
        .await;
        self.still_open(outcome)
    }
}

fn closed() -> GuestError {
    GuestError::new("34000", "this stream is closed")
}
