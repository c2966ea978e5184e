//! `ctx.idempotency`: claims go to the provider.

use std::sync::Arc;

use mayfly_abi::operation::Claim as Frame;

use super::operations::Kind;
use super::submit::Begun;
use crate::providers::{Claim, GuestError, Idempotency};

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
        let Frame { key, scope, ttl_seconds } = Frame::read(frame)?;
        let ttl_seconds = (ttl_seconds > 0).then_some(ttl_seconds);
        let provider = self.provider.clone();
        Ok((
            Kind::Database,
            Box::pin(async move {
                let provider = provider.ok_or_else(|| {
                    GuestError::new(
                        "DB_UNAVAILABLE",
                        "this invocation was lent no database, so there are no claims",
                    )
                })?;
                let first = provider.claim(Claim { key, scope, ttl_seconds }).await?;
                Ok(vec![u8::from(first)])
            }),
        ))
    }
}
