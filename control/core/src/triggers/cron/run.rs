//! One attempt of a slot: from its claim to its outcome.

use std::time::{Duration, Instant};

use mayfly_api::error::ApiError;
use mayfly_api::triggers::TriggerKind;
use mayfly_store::{ClaimedSlot, SlotOutcome, SlotRelease, Store, StoreError};

use super::event::CronEvent;
use crate::invoke::{Running, TriggerEvent};
use crate::triggers::run::{NotStarted, TriggerRunner, failure, finish, refusal};

/// The longest pause of a slot that could not start: a daily limit may be raised before the day ends.
const WAIT_SECONDS_MAX: u32 = 60;

/// What became of a claimed slot.
pub(super) enum Attempt {
    /// This.
    Ended(SlotOutcome),
    /// It waits again.
    Released(SlotRelease),
    /// Too much time passed since the claim: another node may have it.
    Abandoned,
}

/// Run it, unless the claim is older than `claim_max`: a process that was stopped for a while must not start what
/// another node took over.
pub(super) async fn attempt(
    runner: &TriggerRunner,
    slot: ClaimedSlot,
    claimed: Instant,
    claim_max: Duration,
) -> Attempt {
    if claimed.elapsed() > claim_max {
        return Attempt::Abandoned;
    }
    match start(runner, &slot).await {
        Ok(running) => {
            let record = finish(running).await;
            Attempt::Ended(SlotOutcome {
                error: failure(&record),
                invocation_id: Some(record.id.clone()),
                status: record.status,
                ..outcome(slot)
            })
        }
        Err(NotStarted::Later(error)) => Attempt::Released(SlotRelease {
            key: slot.key,
            attempt: slot.attempt,
            wait_seconds: error.retry_after().unwrap_or(1).clamp(1, WAIT_SECONDS_MAX).into(),
            reason: refusal(&error),
        }),
        Err(NotStarted::Paused) => Attempt::Ended(SlotOutcome { paused: true, ..outcome(slot) }),
        Err(NotStarted::Gone) => {
            let error = Some(refusal(&ApiError::not_found("the function")));
            Attempt::Ended(SlotOutcome { error, ..outcome(slot) })
        }
        Err(NotStarted::Failed(error)) => {
            Attempt::Ended(SlotOutcome { error: Some(refusal(&error)), ..outcome(slot) })
        }
    }
}

async fn start(runner: &TriggerRunner, slot: &ClaimedSlot) -> Result<Running, NotStarted> {
    let event = CronEvent::new(slot);
    let request = event.request(&runner.url(&slot.app_id, &slot.function_name));
    let trigger = TriggerEvent::fired(TriggerKind::Cron, &event)
        .map_err(|error| NotStarted::Failed(ApiError::internal(error)))?;
    runner.start(&slot.app_id, &slot.function_name, trigger, request).await
}

fn outcome(slot: ClaimedSlot) -> SlotOutcome {
    SlotOutcome {
        key: slot.key,
        attempt: slot.attempt,
        invocation_id: None,
        status: None,
        error: None,
        paused: false,
    }
}

/// Give a slot back.
pub(super) async fn release(store: &Store, node: &str, release: &SlotRelease) {
    let released: Result<(), StoreError> = store.cron().release(None, node, release).await;
    if let Err(error) = released {
        tracing::warn!(%error, "a cron slot cannot be given back; it starts when its claim expires");
    }
}
