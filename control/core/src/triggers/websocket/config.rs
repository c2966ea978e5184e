//! Config of a websocket trigger.

use mayfly_api::error::ApiResult;
use mayfly_api::triggers::{TriggerKind, WebsocketTriggerConfig};

use crate::triggers::TriggerUnit;

/// The kind.
pub(crate) struct Websocket;

impl TriggerUnit for Websocket {
    const KIND: TriggerKind = TriggerKind::Websocket;
    const AVAILABLE: bool = true;
    type Config = WebsocketTriggerConfig;
    type Stored = WebsocketTriggerConfig;

    fn check(config: WebsocketTriggerConfig, _: &str) -> ApiResult<WebsocketTriggerConfig> {
        Ok(config)
    }
}
