//! What an identity may see of rows: row-level security and column privileges decide, in the app's own database, under
//! the identity's own role.

use bytes::Bytes;
use mayfly_runtime::providers::GuestError;
use serde_json::value::RawValue;

use crate::db::UserStatement;
use crate::identity::Identity;
use crate::tenant::Tenants;
use crate::wire::{Field, RowSink, Values, WireError};

/// Images of rows that are asked about at once.
pub const IMAGES_MAX: usize = 500;

/// The bytes of an answer. It has no more than was asked about, but for spaces.
const ANSWER_BYTES_MAX: usize = 64 << 20;

const VISIBLE: &str = "SELECT place, record FROM mayfly.visible_rows($1, $2::text::jsonb)";

impl Tenants {
    /// Which of these images of a table's rows (a JSON array) the identity may see, by their place from 0 on, and what of
    /// each.
    ///
    /// # Errors
    /// Those of `ctx.db`: also a policy's own.
    pub async fn visible_rows(
        &self,
        app_id: &str,
        identity: &Identity,
        table: &str,
        images: &str,
    ) -> Result<Vec<(usize, Box<RawValue>)>, GuestError> {
        let database = self.app_database(app_id.into(), identity.clone());
        let (mut checkout, credentials) = database.checkout().await?;
        let params = [Some(table.as_bytes().to_vec()), Some(images.as_bytes().to_vec())];
        let request = UserStatement { user: database.end_user(&credentials), sql: VISIBLE, params: &params };
        let mut rows = VisibleRows::default();
        checkout.within_time(async |checkout| checkout.run(&request, &mut rows).await).await?;
        Ok(rows.rows)
    }
}

/// Rows of a place and a record.
#[derive(Debug, Default)]
struct VisibleRows {
    rows: Vec<(usize, Box<RawValue>)>,
    bytes: usize,
}

impl RowSink for VisibleRows {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        let wrong = || WireError::Protocol("a visible row");
        self.bytes += row.len();
        let mut values = Values::of(row)?;
        let [place, record] = [values.next()?.flatten(), values.next()?.flatten()];
        let text =
            |bytes: Option<Bytes>| String::from_utf8(bytes.ok_or_else(wrong)?.into()).map_err(|_| wrong());
        let place: usize = text(place)?.parse().map_err(|_| wrong())?;
        let record = RawValue::from_string(text(record)?).map_err(|_| wrong())?;
        // PostgreSQL counts from 1.
        self.rows.push((place.checked_sub(1).ok_or_else(wrong)?, record));
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        ANSWER_BYTES_MAX.saturating_sub(self.bytes)
    }
}
