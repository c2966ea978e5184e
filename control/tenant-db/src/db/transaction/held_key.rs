//! An idempotency key that a transaction holds: taken with its first statement, its result stored with its last.
//!
//! The transaction runs as the invocation's identity, and users' logins have no right to the table of keys. So two
//! functions of ours, with the rights of their owner, do it for them: only for a key that the host has signed for this
//! very connection.

use bytes::Bytes;
use mayfly_runtime::providers::{Claim, GuestError};

use crate::db::checkout::Checkout;
use crate::db::credentials::{ProvenCall, TenantCredentials};
use crate::db::encode::Param;
use crate::db::error::guest_error;
use crate::wire::{Field, RowSink, Values, WireError};

/// The longest result that is stored, in bytes of JSON.
const RESULT_BYTES_MAX: usize = 256 << 10;

/// Takes a key within the transaction.
pub(super) const TAKE: &str =
    "SELECT mine::int, result FROM mayfly.idempotency_begin($1, $2, $3::float8, $4)";

/// Stores the result beside the key.
pub(super) const KEEP: &str = "SELECT mayfly.idempotency_settle($1, $2, $3, $4)";

/// A key that the transaction holds, and the host's signature for it.
#[derive(Debug)]
pub(in crate::db) struct HeldKey {
    scope: String,
    key: String,
    proof: String,
}

impl HeldKey {
    pub(in crate::db) fn new(
        credentials: &TenantCredentials,
        checkout: &mut Checkout,
        claim: &Claim,
    ) -> Result<Self, GuestError> {
        let process_id = checkout.connection().map_err(guest_error)?.process_id();
        let proof = credentials.proof(ProvenCall::Idempotency, [&claim.scope, &claim.key], process_id);
        Ok(Self { scope: claim.scope.clone(), key: claim.key.clone(), proof })
    }

    pub(super) fn params(&self, third: Option<String>) -> [Param; 4] {
        let text = |text: &str| Some(text.as_bytes().to_vec());
        [text(&self.scope), text(&self.key), third.map(String::into_bytes), text(&self.proof)]
    }

    /// With the result as JSON; refuses one that is too long.
    pub(super) fn result_params(&self, result: &str) -> Result<[Param; 4], GuestError> {
        if result.len() > RESULT_BYTES_MAX {
            let message = format!(
                "the result has {} bytes of JSON, of which {RESULT_BYTES_MAX} can be kept",
                result.len()
            );
            return Err(GuestError::new("54000", message));
        }
        Ok(self.params(Some(result.to_owned())))
    }
}

/// A transaction that was begun without a key has no result to store.
pub(super) fn not_held() -> GuestError {
    GuestError::new("25000", "this transaction was not begun with a key")
}

/// The one row that both functions return.
#[derive(Default)]
pub(in crate::db) struct KeyRow {
    /// Whether the transaction has the key now.
    pub(in crate::db) mine: bool,
    result: Option<String>,
}

impl KeyRow {
    /// The result of the work that had the key before.
    pub(in crate::db) fn into_result(self) -> Result<String, GuestError> {
        self.result.ok_or_else(|| {
            GuestError::new(
                "RESOURCE_CONFLICT",
                "the key was claimed by ctx.idempotency.claim, so there is no result to give back",
            )
        })
    }
}

impl RowSink for KeyRow {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, row: Bytes) -> Result<(), WireError> {
        let mut values = Values::of(row)?;
        self.mine = values.next()?.flatten().is_some_and(|value| value.as_ref() == b"1");
        self.result = values.next()?.flatten().map(|text| String::from_utf8_lossy(&text).into_owned());
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        RESULT_BYTES_MAX + (1 << 10)
    }
}
