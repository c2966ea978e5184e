//! One attempt of a delivery: while its sender waits, or from a node's job.

use std::time::{Duration, Instant};

use bytes::Bytes;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::triggers::WebhookProvider;
use mayfly_runtime::{DisconnectGuard, Request, Response};
use mayfly_store::{ClaimedDelivery, DeliveryOutcome, DeliveryRelease};
use mayfly_telemetry::request::RequestContext;

use super::Webhooks;
use super::event::WebhookEvent;
use super::payload::PayloadHead;
use super::trigger::enabled;
use crate::invoke::Running;
use crate::triggers::run::{NotStarted, failure, finish, refusal};

/// For how long a node has a delivery without renewing its claim.
pub(super) const LEASE: Duration = Duration::from_secs(60);
/// For how long a delivery waits that could not start now, or whose app was paused since it was claimed.
const WAIT_SECONDS: f64 = 1.0;
/// For how long a response waits until its outcome is written: without a database it goes out, and the outcome follows.
const SETTLE_WAIT: Duration = Duration::from_secs(5);

/// A function's response to a delivery.
#[derive(Debug)]
pub struct FunctionAnswer {
    /// The response.
    pub response: Response,
    /// Held until it is sent.
    pub guard: Option<DisconnectGuard>,
    /// The invocation.
    pub invocation_id: String,
}

/// Which attempt of which delivery.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) id: &'a str,
    pub(super) attempt: u32,
    pub(super) app: &'a str,
    pub(super) name: &'a str,
}

/// What became of a claimed delivery.
pub(super) enum Attempt {
    /// This.
    Ended(DeliveryOutcome),
    /// It waits again.
    Released(DeliveryRelease),
    /// Too much time passed since the claim: another node may have it.
    Abandoned,
}

/// The request that a function gets: the provider's own, and two headers that say so.
pub(super) fn request(provider: WebhookProvider, mut head: PayloadHead, body: Bytes) -> Request {
    head.headers.retain(|(name, _)| name != "x-trigger-type" && name != "x-webhook-provider");
    head.headers.push(("x-trigger-type".to_owned(), "webhook".to_owned()));
    head.headers.push(("x-webhook-provider".to_owned(), provider.as_str().to_owned()));
    head.request(body)
}

/// Run a delivery whose sender waits. Its outcome is written before its response goes out: a sender that has an answer
/// is never run again.
pub(super) async fn answer(
    webhooks: &Webhooks,
    target: Target<'_>,
    claimed: Instant,
    event: &WebhookEvent<'_>,
    request: Request,
    context: RequestContext,
) -> ApiResult<FunctionAnswer> {
    if is_stale(claimed) {
        return Err(ApiError::new(Code::Overloaded, "the delivery could not be started in time"));
    }
    let started = match event.trigger() {
        Ok(trigger) => webhooks.runner.start_in(context, target.app, target.name, trigger, request).await,
        Err(error) => Err(error),
    };
    let mut running = match started {
        Ok(running) => running,
        Err(not_started) => {
            let error = reason(not_started);
            settle(webhooks, DeliveryOutcome { error: Some(refusal(&error)), ..outcome(&target) }).await;
            return Err(error);
        }
    };
    let invocation_id = running.id.clone();
    let answered = running.response().await;
    let (status, error) = match &answered {
        Ok(response) if response.status >= 400 => {
            let message = format!("the function answered with status {}", response.status);
            (Some(response.status), Some((Code::FunctionStatus.as_str().to_owned(), message)))
        }
        Ok(response) => (Some(response.status), None),
        Err(error) => (None, Some(refusal(error))),
    };
    let ended =
        DeliveryOutcome { invocation_id: Some(invocation_id.clone()), status, error, ..outcome(&target) };
    settle(webhooks, ended).await;
    let response = answered?;
    Ok(FunctionAnswer { response, guard: running.disconnect_guard(), invocation_id })
}

async fn settle(webhooks: &Webhooks, outcome: DeliveryOutcome) {
    if tokio::time::timeout(SETTLE_WAIT, webhooks.settler.settle(outcome)).await.is_err() {
        tracing::warn!("a webhook delivery is answered before its outcome is written");
    }
}

/// Run a claimed delivery.
pub(super) async fn attempt(webhooks: &Webhooks, delivery: ClaimedDelivery, claimed: Instant) -> Attempt {
    let target = Target {
        id: &delivery.id,
        attempt: delivery.attempt,
        app: &delivery.app_id,
        name: &delivery.function_name,
    };
    if is_stale(claimed) {
        return Attempt::Abandoned;
    }
    let released = |error: &ApiError| {
        Attempt::Released(DeliveryRelease {
            id: delivery.id.clone(),
            attempt: delivery.attempt,
            wait_seconds: WAIT_SECONDS,
            reason: refusal(error),
        })
    };
    match start(webhooks, &delivery, target).await {
        Ok(running) => {
            let record = finish(running).await;
            Attempt::Ended(DeliveryOutcome {
                error: failure(&record),
                invocation_id: Some(record.id.clone()),
                status: record.status,
                ..outcome(&target)
            })
        }
        Err(NotStarted::Later(error)) => released(&error),
        Err(NotStarted::Paused) => released(&reason(NotStarted::Paused)),
        Err(not_started @ (NotStarted::Gone | NotStarted::Failed(_))) => {
            let error = reason(not_started);
            Attempt::Ended(DeliveryOutcome {
                error: Some(refusal(&error)),
                is_final: error.code() == Code::ResourceNotFound,
                ..outcome(&target)
            })
        }
    }
}

async fn start(
    webhooks: &Webhooks,
    delivery: &ClaimedDelivery,
    target: Target<'_>,
) -> Result<Running, NotStarted> {
    let Target { id, app, name, .. } = target;
    let found = webhooks.runner.functions.by_name(app, name).await.map_err(NotStarted::of)?;
    // A trigger that was disabled or removed since starts nothing.
    enabled(&found.ok_or(NotStarted::Gone)?.function.triggers).map_err(NotStarted::of)?;
    let sealed = webhooks.store.webhooks().sealed(id).await.map_err(|error| NotStarted::of(error.into()))?;
    let sealed = sealed.ok_or_else(|| NotStarted::Failed(ApiError::not_found("the delivery's body")))?;
    let (head, body) =
        PayloadHead::open(&webhooks.keyring, app, name, id, &sealed).map_err(NotStarted::Failed)?;
    let ids = (id, delivery.provider_id.as_deref());
    let event =
        WebhookEvent::new(delivery.provider, ids, delivery.attempt, delivery.received_at, delivery.replays);
    webhooks.runner.start(app, name, event.trigger()?, request(delivery.provider, head, body)).await
}

/// A process that was stopped for a while must not start what another node took over.
fn is_stale(claimed: Instant) -> bool {
    claimed.elapsed() > LEASE / 2
}

fn reason(not_started: NotStarted) -> ApiError {
    match not_started {
        NotStarted::Gone => ApiError::not_found("the function"),
        NotStarted::Paused => ApiError::new(Code::AppPaused, "the app is paused by its owner"),
        NotStarted::Later(error) | NotStarted::Failed(error) => error,
    }
}

fn outcome(target: &Target<'_>) -> DeliveryOutcome {
    DeliveryOutcome {
        id: target.id.to_owned(),
        attempt: target.attempt,
        invocation_id: None,
        status: None,
        error: None,
        is_final: false,
    }
}

/// Give a delivery back.
pub(super) async fn release(webhooks: &Webhooks, release: &DeliveryRelease) {
    if let Err(error) = webhooks.store.webhooks().release(&webhooks.node, release).await {
        tracing::warn!(%error, "a webhook delivery cannot be given back; it starts when its claim expires");
    }
}
