//! `/v1/{app}/functions/{name}/webhook/deliveries`: what came, what became of it, and another run of it.

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::routes::{WebhookDeliveriesList, WebhookDeliveryGet, WebhookDeliveryReplay};
use mayfly_api::triggers::TriggerKind;
use mayfly_api::webhooks::{DeliveryError, DeliveryInfo, DeliveryPage};
use mayfly_store::{DeliveryQuery, Function, WebhookDelivery};

use super::Webhooks;

/// Deliveries of a page.
const PAGE: u32 = 100;

impl Webhooks {
    async fn function(&self, app: &str, name: &str) -> ApiResult<Function> {
        let function = self.store.functions().get(app, name).await?;
        function.ok_or_else(|| ApiError::not_found("the function"))
    }

    async fn delivery(&self, app: &str, name: &str, id: &str) -> ApiResult<WebhookDelivery> {
        let delivery = self.store.webhooks().get(app, name, id).await?;
        delivery.ok_or_else(|| ApiError::not_found("the delivery"))
    }
}

impl Handler<WebhookDeliveriesList> for Webhooks {
    async fn handle(&self, call: ApiCall<WebhookDeliveriesList>) -> ApiResult<DeliveryPage> {
        let (app, name) = (&call.context.app, call.context.name());
        self.function(app, name).await?;
        let read = |text: &str| {
            text.parse::<i64>()
                .map_err(|_| ApiError::invalid("cursor", "is not one that this route gave out"))
        };
        let query = DeliveryQuery {
            limit: call.query.limit.map_or(PAGE, |limit| limit.get()),
            before: call.query.cursor.as_deref().map(read).transpose()?,
            state: call.query.state,
        };
        let page = self.store.webhooks().list(app, name, query).await?;
        let last = page.deliveries.last().filter(|_| page.has_more);
        Ok(DeliveryPage {
            next_cursor: last.map(|last| last.number.to_string()),
            deliveries: page.deliveries.into_iter().map(info).collect(),
        })
    }
}

impl Handler<WebhookDeliveryGet> for Webhooks {
    async fn handle(&self, call: ApiCall<WebhookDeliveryGet>) -> ApiResult<DeliveryInfo> {
        let id = call.context.names.get(1).map_or("", String::as_str);
        self.delivery(&call.context.app, call.context.name(), id).await.map(info)
    }
}

impl Handler<WebhookDeliveryReplay> for Webhooks {
    async fn handle(&self, call: ApiCall<WebhookDeliveryReplay>) -> ApiResult<DeliveryInfo> {
        let (app, name) = (&call.context.app, call.context.name());
        let id = call.context.names.get(1).map_or("", String::as_str);
        let function = self.function(app, name).await?;
        let delivery = self.delivery(app, name, id).await?;
        let missing = |message: &'static str| ApiError::new(Code::StatePrerequisiteMissing, message);
        let is_enabled =
            function.triggers.iter().any(|trigger| trigger.kind == TriggerKind::Webhook && trigger.enabled);
        if !is_enabled {
            return Err(missing("the webhook trigger is disabled, or no longer there; deploy it first"));
        }
        if !delivery.has_body {
            return Err(missing("the delivery's body is no longer kept"));
        }
        let replayed = self.store.webhooks().replay(app, name, id).await?;
        self.wake.notify_one();
        Ok(info(replayed))
    }
}

fn info(delivery: WebhookDelivery) -> DeliveryInfo {
    DeliveryInfo {
        id: delivery.id,
        provider: delivery.provider,
        provider_id: delivery.provider_id,
        state: delivery.state,
        is_async: delivery.is_async,
        attempt: delivery.attempt,
        duplicates: delivery.duplicates,
        replays: delivery.replays,
        body_bytes: delivery.body_bytes,
        has_body: delivery.has_body,
        received_at: delivery.received_at.into(),
        run_at: delivery.run_at.map(Into::into),
        started_at: delivery.started_at.map(Into::into),
        ended_at: delivery.ended_at.map(Into::into),
        succeeded_at: delivery.succeeded_at.map(Into::into),
        invocation_id: delivery.invocation_id,
        status: delivery.status,
        error: delivery.error.map(|(code, message)| DeliveryError { code, message }),
    }
}
