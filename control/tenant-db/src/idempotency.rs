//! `ctx.idempotency`: atomic claims in the app's own database.

use std::sync::Arc;

use bytes::Bytes;
use mayfly_runtime::providers::{BoxFuture, Claim, ClaimOutcome, GuestError, Idempotency, KeyValueCall};

use crate::db::{AppDatabase, UserStatement};
use crate::key_values;
use crate::wire::{Field, RowSink, WireError};

/// The longest key and scope, in characters.
const KEY_MAX: usize = 255;

/// One statement decides: the first to insert the row has the claim, and one that finds it expired takes it over. A
/// second one waits for the first to commit, and then finds its row.
const CLAIM: &str = "INSERT INTO public._idempotency_keys AS k (scope, key, expires_at)
    VALUES ($1, $2, now() + $3::float8 * interval '1 second')
    ON CONFLICT (scope, key) DO UPDATE
        SET processed_at = now(), expires_at = excluded.expires_at, result = NULL
    WHERE k.expires_at <= now()
    RETURNING 1";

/// `ctx.idempotency` of one invocation.
#[derive(Debug)]
pub(crate) struct AppIdempotency {
    /// As the identity of the invocation: work that is done together with a claim runs as it.
    database: AppDatabase,
}

impl AppIdempotency {
    pub(crate) fn new(database: AppDatabase) -> Self {
        Self { database }
    }

    /// As the service login, whatever the invocation's identity, and on a connection that none of its transactions
    /// has.
    async fn claim_once(&self, claim: &Claim) -> Result<bool, GuestError> {
        let mut checkout = self.database.checkout_as_service().await?;
        let params = [
            Some(claim.scope.clone().into_bytes()),
            Some(claim.key.clone().into_bytes()),
            claim.ttl_seconds.map(|seconds| seconds.to_string().into_bytes()),
        ];
        let request = UserStatement { user: None, sql: CLAIM, params: &params };
        let mut rows = Count(0);
        checkout.within_time(async |checkout| checkout.run(&request, &mut rows).await).await?;
        Ok(rows.0 > 0)
    }
}

impl Idempotency for AppIdempotency {
    fn claim(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<bool, GuestError>> {
        Box::pin(async move {
            check_all(&claim)?;
            self.claim_once(&claim).await
        })
    }

    fn begin(self: Arc<Self>, claim: Claim) -> BoxFuture<'static, Result<ClaimOutcome, GuestError>> {
        Box::pin(async move {
            check_all(&claim)?;
            self.database.begin_with_key(&claim).await
        })
    }

    fn key_value(self: Arc<Self>, call: KeyValueCall) -> BoxFuture<'static, Result<String, GuestError>> {
        Box::pin(async move { key_values::call(&self.database, call).await })
    }
}

fn check_all(claim: &Claim) -> Result<(), GuestError> {
    check("key", &claim.key)?;
    check("scope", &claim.scope)
}

fn check(what: &str, text: &str) -> Result<(), GuestError> {
    let characters = text.chars().count();
    if !(1..=KEY_MAX).contains(&characters) {
        let message = format!("the {what} of a claim has 1 to {KEY_MAX} characters, not {characters}");
        return Err(GuestError::new("22023", message));
    }
    if text.contains('\0') {
        return Err(GuestError::new("22021", format!("the {what} of a claim contains a NUL character")));
    }
    Ok(())
}

struct Count(usize);

impl RowSink for Count {
    fn fields(&mut self, _fields: Vec<Field>) {}

    fn row(&mut self, _row: Bytes) -> Result<(), WireError> {
        self.0 += 1;
        Ok(())
    }

    fn bytes_left(&self) -> usize {
        1 << 10
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_1_to_255_characters() {
        for good in ["a".to_owned(), "\u{1f600}".repeat(255)] {
            check("key", &good).unwrap();
        }
        for (bad, code) in [(String::new(), "22023"), ("a".repeat(256), "22023"), ("a\0".to_owned(), "22021")]
        {
            assert_eq!(check("key", &bad).unwrap_err().code, code);
        }
    }
}
