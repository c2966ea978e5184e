//! What a function gets to know of the delivery that fired: `ctx.trigger`.

use chrono::{DateTime, Utc};
use mayfly_api::error::ApiError;
use mayfly_api::triggers::{TriggerKind, WebhookProvider};
use mayfly_api::value::Timestamp;
use serde::Serialize;

use crate::invoke::TriggerEvent;
use crate::triggers::run::NotStarted;

/// A delivery that fires. `ctx.trigger`, next to its `type`, is this.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WebhookEvent<'a> {
    provider: WebhookProvider,
    /// The same for every attempt.
    delivery_id: &'a str,
    /// The provider's own.
    provider_id: Option<&'a str>,
    attempt: u32,
    received_at: Timestamp,
    replay: bool,
}

impl<'a> WebhookEvent<'a> {
    /// Of a delivery.
    pub(super) fn new(
        provider: WebhookProvider,
        (delivery_id, provider_id): (&'a str, Option<&'a str>),
        attempt: u32,
        received_at: DateTime<Utc>,
        replays: u32,
    ) -> Self {
        let received_at = received_at.into();
        Self { provider, delivery_id, provider_id, attempt, received_at, replay: replays > 0 }
    }

    /// What started the function.
    pub(super) fn trigger(&self) -> Result<TriggerEvent, NotStarted> {
        TriggerEvent::fired(TriggerKind::Webhook, self)
            .map_err(|error| NotStarted::Failed(ApiError::internal(error)))
    }
}
