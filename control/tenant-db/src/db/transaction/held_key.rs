//! An idempotency key that a transaction holds: taken with its first statement, settled with its last.
//!
//! The transaction runs as whom the invocation runs, and users' logins have no right to the table of keys. So two
//! functions of ours, with the rights of their owner, do it for them: only for a key that the host has signed for this
//! very connection.

use bytes::Bytes;
use mayfly_runtime::providers::{Begun, Claim, GuestError};

use super::AppTransaction;
use crate::db::access::Access;
use crate::db::checkout::Checkout;
use crate::db::encode::Param;
use crate::db::error::guest_error;
use crate::wire::{Field, RowSink, Values, WireError};

/// The longest result that is kept, in bytes of JSON.
const RESULT_BYTES_MAX: usize = 256 << 10;

const BEGIN: &str = "SELECT mine::int, result FROM mayfly.idempotency_begin($1, $2, $3::float8, $4)";

const SETTLE: &str = "SELECT mayfly.idempotency_settle($1, $2, $3, $4)";

/// A key that is the transaction's own, and the host's word for it.
#[derive(Debug)]
pub(in crate::db) struct HeldKey {
    scope: String,
    key: String,
    proof: String,
}

impl HeldKey {
    pub(in crate::db) fn new(
        access: &Access,
        checkout: &mut Checkout,
        claim: &Claim,
    ) -> Result<Self, GuestError> {
        let process_id = checkout.connection().map_err(guest_error)?.process_id();
        let proof = access.key_proof(&claim.scope, &claim.key, process_id);
        Ok(Self { scope: claim.scope.clone(), key: claim.key.clone(), proof })
    }

    fn params(&self, third: Option<String>) -> [Param; 4] {
        let text = |text: &str| Some(text.as_bytes().to_vec());
        [text(&self.scope), text(&self.key), third.map(String::into_bytes), text(&self.proof)]
    }
}

impl AppTransaction {
    /// Take the key in this transaction, or find out what came of it. Waits for whoever has it at the moment.
    pub(in crate::db) async fn take(
        mut self,
        held: HeldKey,
        ttl_seconds: Option<u32>,
    ) -> Result<Begun, GuestError> {
        let mut answer = Answer::default();
        let params = held.params(ttl_seconds.map(|seconds| seconds.to_string()));
        self.exchange(BEGIN, &params, &mut answer).await?;
        if answer.mine {
            self.held = Some(held);
            return Ok(Begun::Mine(Box::new(self)));
        }
        // There is nothing to undo; a connection on which even that fails is closed.
        let _ = self.roll_back_all().await;
        answer.result.map(Begun::Done).ok_or_else(|| {
            GuestError::new(
                "RESOURCE_CONFLICT",
                "the key was claimed by ctx.idempotency.claim, so there is no result to give back",
            )
        })
    }

    /// Put the result beside the key.
    pub(super) async fn keep_result(&mut self, result: &str) -> Result<(), GuestError> {
        let Some(held) = self.held.take() else {
            return Err(GuestError::new("25000", "this transaction was not begun with a key"));
        };
        if result.len() > RESULT_BYTES_MAX {
            let message = format!(
                "the result has {} bytes of JSON, of which {RESULT_BYTES_MAX} can be kept",
                result.len()
            );
            return Err(GuestError::new("54000", message));
        }
        let params = held.params(Some(result.to_owned()));
        self.exchange(SETTLE, &params, &mut Answer::default()).await.map(|_| ())
    }
}

/// The one row of such a function.
#[derive(Default)]
struct Answer {
    mine: bool,
    result: Option<String>,
}

impl RowSink for Answer {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        let mut values = Values::of(row)?;
        self.mine = values.next()?.flatten().is_some_and(|value| value.as_ref() == b"1");
        self.result = values.next()?.flatten().map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok(())
    }

    fn room(&self) -> usize {
        RESULT_BYTES_MAX + (1 << 10)
    }
}
