//! Config of a webhook trigger.

use mayfly_api::error::ApiResult;
use mayfly_api::triggers::{TriggerKind, WebhookTriggerConfig};

use crate::triggers::TriggerUnit;

/// The kind.
pub(crate) struct Webhook;

impl TriggerUnit for Webhook {
    const KIND: TriggerKind = TriggerKind::Webhook;
    const AVAILABLE: bool = false;
    type Config = WebhookTriggerConfig;
    type Stored = WebhookTriggerConfig;

    fn check(config: WebhookTriggerConfig, _: &str) -> ApiResult<WebhookTriggerConfig> {
        Ok(config)
    }
}
