//! `POST /v1/{app}/webhook/{name}`: verify, keep, then run or promise to.
//!
//! The order is what makes it safe: an id is remembered only of what was verified, and is a duplicate's only once its
//! function has succeeded.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::ids;
use mayfly_api::webhooks::{DeliveryAccepted, DeliveryState};
use mayfly_common::clock;
use mayfly_runtime::Request;
use mayfly_store::{DeliveryStart, NewDelivery, WebhookDelivery};
use mayfly_telemetry::request::RequestContext;

use super::Webhooks;
use super::event::WebhookEvent;
use super::payload::PayloadHead;
use super::providers::{self, HostAnswer};
use super::run::{self, FunctionAnswer, LEASE};
use super::signature::Unverified;
use super::trigger::{WebhookTrigger, check_source, enabled};
use crate::functions::CachedFunction;

/// Deliveries of one function that may wait for their run.
const WAITING_MAX: u32 = 10_000;
/// When a sender may try again whose function has as many waiting.
const FULL_SECONDS: u32 = 60;

/// What a delivery is answered with.
#[derive(Debug)]
pub enum WebhookAnswer {
    /// The function's response.
    Function(FunctionAnswer),
    /// The host's, to a provider's question.
    Host(HostAnswer),
    /// It is kept, and runs later: 202.
    Accepted(DeliveryAccepted),
    /// It succeeded before: 200.
    Duplicate(DeliveryAccepted),
}

/// A verified delivery on its way.
struct Verified {
    function: Arc<CachedFunction>,
    trigger: WebhookTrigger,
    provider_id: Option<String>,
    head: PayloadHead,
    body: Bytes,
}

/// What became of a delivery when it was to be kept.
enum Kept {
    /// It is this one's turn, as this attempt.
    Taken { id: String, attempt: u32, received_at: DateTime<Utc> },
    /// It waits, or succeeded, already.
    Known(WebhookDelivery),
}

/// What a second delivery of a known id comes to.
enum Verdict {
    /// It may run again.
    Again,
    /// There is nothing to run.
    Known,
    /// Not now, or not at all.
    Refused(ApiError),
}

impl Webhooks {
    /// Refuse what needs no body to be refused: no such trigger, a paused app, an address that may not deliver.
    ///
    /// # Errors
    /// 404, 503, 403.
    pub async fn check(&self, app: &str, name: &str, context: &RequestContext) -> ApiResult<()> {
        let function = self.find(app, name).await?;
        check_source(&enabled(&function.function.triggers)?, context.peer)
    }

    /// Take a delivery. A sender that disconnects does not end it half-way.
    ///
    /// # Errors
    /// 401 for one that is not the provider's; what a second delivery of a known id comes to; the function's failure.
    pub async fn deliver(
        &self,
        app: &str,
        name: &str,
        context: RequestContext,
        request: Request,
        body: Bytes,
    ) -> ApiResult<WebhookAnswer> {
        let function = self.find(app, name).await?;
        let trigger = WebhookTrigger::of(&self.keyring, app, name, &function.function.triggers)?;
        check_source(&trigger.config, context.peer)?;
        let head = PayloadHead { url: request.url, headers: request.headers };
        let delivery = Unverified { headers: &head.headers, url: &head.url, body: &body };
        trigger.verify(&delivery, clock::now().timestamp())?;
        let provider = trigger.config.provider;
        if let Some(answer) = providers::answer(provider, &body) {
            return Ok(WebhookAnswer::Host(answer));
        }
        let id_header = trigger.config.idempotency_key_header.as_deref();
        let provider_id = providers::id(provider, &delivery, id_header);
        let verified = Verified { function, trigger, provider_id, head, body };
        let this = self.clone();
        let work = async move { this.keep_and_run(verified, context).await };
        self.tasks.work(work).await.map_err(ApiError::internal)?
    }

    /// A function with an enabled webhook trigger, of an app that is not paused.
    async fn find(&self, app: &str, name: &str) -> ApiResult<Arc<CachedFunction>> {
        let found = self.runner.functions.by_name(app, name).await?;
        let function = found.ok_or_else(|| ApiError::not_found("the webhook"))?;
        enabled(&function.function.triggers)?;
        function.check_paused()?;
        Ok(function)
    }

    async fn keep_and_run(&self, verified: Verified, context: RequestContext) -> ApiResult<WebhookAnswer> {
        let claimed = Instant::now();
        let is_async = verified.trigger.config.is_async;
        match self.keep(&verified).await? {
            Kept::Known(known) => {
                self.store.webhooks().count_duplicate(&known.id).await?;
                let accepted = DeliveryAccepted { ok: true, delivery_id: known.id, duplicate: true };
                Ok(match known.succeeded_at {
                    Some(_) => WebhookAnswer::Duplicate(accepted),
                    None => WebhookAnswer::Accepted(accepted),
                })
            }
            Kept::Taken { id, .. } if is_async => {
                self.wake.notify_one();
                Ok(WebhookAnswer::Accepted(DeliveryAccepted { ok: true, delivery_id: id, duplicate: false }))
            }
            Kept::Taken { id, attempt, received_at } => {
                let _in_flight = self.in_flight.enter(id.clone());
                let Verified { function, trigger, provider_id, head, body } = verified;
                let ids = (id.as_str(), provider_id.as_deref());
                let event = WebhookEvent::new(trigger.config.provider, ids, attempt, received_at, 0);
                let target = run::Target {
                    id: &id,
                    attempt,
                    app: &function.function.app_id,
                    name: &function.function.function_name,
                };
                let request = run::request(trigger.config.provider, head, body);
                run::answer(self, target, claimed, &event, request, context)
                    .await
                    .map(WebhookAnswer::Function)
            }
        }
    }

    async fn keep(&self, verified: &Verified) -> ApiResult<Kept> {
        let Verified { function, trigger, provider_id, head, body } = verified;
        let (function, config) = (&function.function, &trigger.config);
        let seal = |id: &str| head.seal(&self.keyring, &function.app_id, &function.function_name, id, body);
        let digest = hex::encode(ring::digest::digest(&ring::digest::SHA256, body));
        let id = ids::delivery_id();
        let sealed = seal(&id)?;
        let new = NewDelivery {
            id: &id,
            function_id: &function.function_id,
            provider: config.provider,
            provider_id: provider_id.as_deref(),
            body_digest: (!providers::may_change(config.provider)).then_some(digest.as_str()),
            body_bytes: body.len(),
            sealed: &sealed,
            retries: config.retries,
            backoff_seconds: config.backoff_seconds,
            retention_days: config.retention_days,
            start: if config.is_async {
                DeliveryStart::Later { waiting_max: WAITING_MAX }
            } else {
                DeliveryStart::Now { node: &self.node, lease: LEASE }
            },
        };
        let table = self.store.webhooks();
        if let Some(received_at) = table.insert(&new).await? {
            return Ok(Kept::Taken { id, attempt: 1, received_at });
        }
        let known = match &provider_id {
            Some(known) => table.by_provider_id(&function.function_id, config.provider, known).await?,
            None => None,
        };
        let known = known.ok_or_else(full)?;
        match judge(&known, new.body_digest, config.is_async) {
            Verdict::Known => Ok(Kept::Known(known)),
            Verdict::Refused(error) => {
                table.count_duplicate(&known.id).await?;
                Err(error)
            }
            Verdict::Again => {
                let sealed = seal(&known.id)?;
                if !table.take_again(&known, &NewDelivery { sealed: &sealed, ..new }).await? {
                    table.count_duplicate(&known.id).await?;
                    return Err(busy());
                }
                let WebhookDelivery { id, attempt, received_at, .. } = known;
                Ok(Kept::Taken { id, attempt: attempt + 1, received_at })
            }
        }
    }
}

/// What a second delivery of a known id comes to.
fn judge(known: &WebhookDelivery, digest: Option<&str>, is_async: bool) -> Verdict {
    let differs = known.body_digest.as_deref().zip(digest).is_some_and(|(known, new)| known != new);
    if differs {
        let message = "the delivery's id belongs to an earlier delivery with another body";
        return Verdict::Refused(ApiError::new(Code::IdempotencyMismatch, message));
    }
    if known.succeeded_at.is_some() {
        return Verdict::Known;
    }
    match known.state {
        DeliveryState::Failed | DeliveryState::Dead if known.run_at.is_none() => Verdict::Again,
        // It was promised already.
        _ if is_async && known.is_async => Verdict::Known,
        _ => Verdict::Refused(busy()),
    }
}

fn busy() -> ApiError {
    ApiError::new(Code::IdempotencyConflict, "a delivery of this id is being processed")
}

fn full() -> ApiError {
    let message = format!("{WAITING_MAX} deliveries of this function wait already");
    ApiError::new(Code::QuotaRateLimit, message).retry_after_seconds(FULL_SECONDS)
}
