//! `ctx.idempotency`: claims go to the provider.

use std::sync::Arc;

use mayfly_abi::frame::Malformed;
use mayfly_abi::operation::{Begun as Answered, Claim as Frame};

use super::database::Slot;
use super::operations::Kind;
use super::submit::Begun;
use crate::providers::{self, Claim, GuestError, Idempotency};

/// The idempotency side of one invocation.
#[derive(Default)]
pub(crate) struct Claims {
    provider: Option<Arc<dyn Idempotency>>,
}

impl Claims {
    pub(crate) fn new(provider: Option<Arc<dyn Idempotency>>) -> Self {
        Self { provider }
    }

    pub(super) fn claim(&self, frame: &[u8]) -> Begun {
        let claim = read(frame)?;
        let provider = self.provider();
        Ok((
            Kind::Database,
            Box::pin(async move {
                let first = provider?.claim(claim).await?;
                Ok(vec![u8::from(first)])
            }),
        ))
    }

    /// A claim together with work, in a transaction that will stand at this place.
    pub(super) fn begin(&self, frame: &[u8], (number, slot): (u32, Slot)) -> Begun {
        let claim = read(frame)?;
        let provider = self.provider();
        Ok((
            Kind::Database,
            Box::pin(async move {
                match provider?.begin(claim).await? {
                    providers::Begun::Mine(transaction) => {
                        *slot.lock().await = Some(transaction);
                        Ok(Answered::Mine(number).to_frame())
                    }
                    providers::Begun::Done(result) => Ok(Answered::Done(&result).to_frame()),
                }
            }),
        ))
    }

    fn provider(&self) -> Result<Arc<dyn Idempotency>, GuestError> {
        self.provider.as_ref().map(Arc::clone).ok_or_else(|| {
            GuestError::new("DB_UNAVAILABLE", "this invocation was lent no database, so there are no claims")
        })
    }
}

fn read(frame: &[u8]) -> Result<Claim, Malformed> {
    let Frame { key, scope, ttl_seconds } = Frame::read(frame)?;
    Ok(Claim { key, scope, ttl_seconds: (ttl_seconds > 0).then_some(ttl_seconds) })
}
