//! `ctx.idempotency` and `ctx.kv`: claims, and calls for keys, go to the provider.

use std::sync::Arc;

use mayfly_abi::frame::Malformed;
use mayfly_abi::operation::{ClaimAnswer, ClaimFrame, KeyValueFrame, KeyValueVerb};

use super::database::TransactionCell;
use super::operations::{OperationKind, Started};
use crate::guest_error::GuestError;
use crate::providers::{Claim, ClaimOutcome, Idempotency, KeyValueCall};

/// The idempotency side of one invocation.
#[derive(Default)]
pub(crate) struct IdempotencyClaims {
    provider: Option<Arc<dyn Idempotency>>,
}

impl IdempotencyClaims {
    pub(crate) fn new(provider: Option<Arc<dyn Idempotency>>) -> Self {
        Self { provider }
    }

    pub(crate) fn claim(&self, frame: &[u8]) -> Started {
        let claim = read(frame)?;
        let provider = self.provider();
        Ok((
            OperationKind::Database,
            Box::pin(async move {
                let first = provider?.claim(claim).await?;
                Ok(vec![u8::from(first)])
            }),
        ))
    }

    /// A claim together with work: its transaction will be in this cell.
    pub(crate) fn begin(&self, frame: &[u8], (number, cell): (u32, TransactionCell)) -> Started {
        let claim = read(frame)?;
        let provider = self.provider();
        Ok((
            OperationKind::Database,
            Box::pin(async move {
                match provider?.begin(claim).await? {
                    ClaimOutcome::Mine(transaction) => {
                        *cell.lock().await = Some(transaction);
                        Ok(ClaimAnswer::Mine(number).to_frame())
                    }
                    ClaimOutcome::Done(result) => Ok(ClaimAnswer::Done(&result).to_frame()),
                }
            }),
        ))
    }

    /// An operation of `ctx.kv`.
    pub(crate) fn key_value(&self, frame: &[u8]) -> Started {
        let KeyValueFrame { verb, key, value, number } = KeyValueFrame::read(frame)?;
        let seconds = (number > 0).then_some(number);
        let call = match verb {
            KeyValueVerb::Get => KeyValueCall::Get(key),
            KeyValueVerb::Set => KeyValueCall::Set(key, value, seconds),
            KeyValueVerb::Delete => KeyValueCall::Delete(key),
            KeyValueVerb::Increment => KeyValueCall::Increment(key, value, seconds),
            KeyValueVerb::List => KeyValueCall::List(key, value, number),
        };
        let provider = self.provider();
        Ok((
            OperationKind::Database,
            Box::pin(async move { Ok(provider?.key_value(call).await?.into_bytes()) }),
        ))
    }

    fn provider(&self) -> Result<Arc<dyn Idempotency>, GuestError> {
        self.provider.as_ref().map(Arc::clone).ok_or_else(|| {
            GuestError::new(
                "DB_UNAVAILABLE",
                "this invocation was granted no database, so there are no claims",
            )
        })
    }
}

fn read(frame: &[u8]) -> Result<Claim, Malformed> {
    let ClaimFrame { key, scope, ttl_seconds } = ClaimFrame::read(frame)?;
    Ok(Claim { key, scope, ttl_seconds: (ttl_seconds > 0).then_some(ttl_seconds) })
}
