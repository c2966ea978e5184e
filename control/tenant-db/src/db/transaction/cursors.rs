//! `ctx.db.stream`: portals of a transaction, whose rows are fetched when they are asked for.

use std::collections::HashMap;

use mayfly_runtime::providers::{BigintMode, Cursor, GuestError, RowBatch, RowShape, Statement};
use uuid::Uuid;

use crate::db::checkout::Checkout;
use crate::db::encode::Param;
use crate::db::rows::JsonRows;
use crate::wire::{Field, OpenPortal, RowSink as _};

/// Portals that a transaction may have open at once.
const OPEN_MAX: usize = 16;

/// The open portals of one transaction.
#[derive(Default)]
pub(super) struct Cursors {
    open: HashMap<Cursor, Portal>,
    last: u32,
}

/// An open portal.
pub(super) struct Portal {
    /// Not to be guessed: a cursor that SQL declared under this name would be in the way.
    name: String,
    fields: Vec<Field>,
    bigint: BigintMode,
    shape: RowShape,
}

impl Cursors {
    /// Refuses one more than may be open.
    pub(super) fn check_room(&self) -> Result<(), GuestError> {
        if self.open.len() == OPEN_MAX {
            let message = format!("a transaction has {OPEN_MAX} streams open at most");
            return Err(GuestError::new("54000", message));
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, portal: Portal) -> Cursor {
        self.last += 1;
        let cursor = Cursor(self.last);
        self.open.insert(cursor, portal);
        cursor
    }

    pub(super) fn put_back(&mut self, cursor: Cursor, portal: Portal) {
        self.open.insert(cursor, portal);
    }

    /// Take one out: it is put back only if there is more to fetch.
    pub(super) fn remove(&mut self, cursor: Cursor) -> Option<Portal> {
        self.open.remove(&cursor)
    }
}

impl Portal {
    /// Parses and binds; `before` are statements of ours that are sent first.
    pub(super) async fn open(
        checkout: &mut Checkout,
        before: &[String],
        statement: &Statement,
        params: &[Param],
    ) -> Result<Self, GuestError> {
        let name = format!("m{}", Uuid::new_v4().simple());
        let opening = OpenPortal { before, portal: &name, sql: &statement.sql, params };
        let fields =
            checkout.within_time(async |checkout| checkout.connection()?.open_portal(&opening).await).await?;
        Ok(Self { name, fields, bigint: statement.bigint, shape: statement.shape })
    }

    /// The next rows. Whether they were the last ones is in the batch.
    pub(super) async fn fetch(&self, checkout: &mut Checkout, rows: u32) -> Result<RowBatch, GuestError> {
        let limits = checkout.pools().limits();
        let wanted = usize::try_from(rows).unwrap_or(usize::MAX).clamp(1, limits.rows_max);
        let mut batch = JsonRows::new(self.bigint, self.shape, limits);
        batch.fields(self.fields.clone());
        let is_last = checkout
            .within_time(async |checkout| {
                let wanted = i32::try_from(wanted).unwrap_or(i32::MAX);
                checkout.connection()?.fetch_portal(&self.name, wanted, &mut batch).await
            })
            .await?;
        Ok(RowBatch { result: batch.finish(""), is_last })
    }

    pub(super) async fn close(self, checkout: &mut Checkout) -> Result<(), GuestError> {
        checkout.within_time(async |checkout| checkout.connection()?.close_portal(&self.name).await).await
    }
}

pub(super) fn closed() -> GuestError {
    GuestError::new("34000", "this stream is closed")
}
