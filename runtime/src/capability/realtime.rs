//! `ctx.broadcast` and `ctx.socket`: what a function wants goes to the provider.

use std::sync::Arc;

use bytes::Bytes;
use mayfly_abi::operation::RealtimeFrame;

use super::operations::{OperationKind, Started};
use crate::guest_error::GuestError;
use crate::providers::{Realtime, RealtimeAction};

/// The realtime side of one invocation.
#[derive(Default)]
pub(crate) struct RealtimeAccess {
    provider: Option<Arc<dyn Realtime>>,
}

impl RealtimeAccess {
    pub(crate) fn new(provider: Option<Arc<dyn Realtime>>) -> Self {
        Self { provider }
    }

    pub(crate) fn act(&self, frame: &[u8]) -> Started {
        let action = match RealtimeFrame::read(frame)? {
            RealtimeFrame::Broadcast { channel, data } => {
                RealtimeAction::Broadcast { channel: channel.to_owned(), data: data.to_owned() }
            }
            RealtimeFrame::Send(data) => RealtimeAction::Send(data.to_owned()),
            RealtimeFrame::SendBytes(bytes) => RealtimeAction::SendBytes(Bytes::copy_from_slice(bytes)),
            RealtimeFrame::Close { code, reason } => {
                RealtimeAction::Close { code, reason: reason.to_owned() }
            }
            RealtimeFrame::Subscribe(channel) => RealtimeAction::Subscribe(channel.to_owned()),
            RealtimeFrame::Unsubscribe(channel) => RealtimeAction::Unsubscribe(channel.to_owned()),
        };
        let provider = self.provider.clone();
        Ok((
            OperationKind::Foreground,
            Box::pin(async move {
                let provider = provider.ok_or_else(|| {
                    GuestError::new("REALTIME_UNAVAILABLE", "this invocation was granted no channels")
                })?;
                provider.act(action).await?;
                Ok(Vec::new())
            }),
        ))
    }
}
