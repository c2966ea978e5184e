//! What a function gets to know of the request that fired: `ctx.trigger`.

use mayfly_api::triggers::TriggerKind;
use serde::Serialize;

/// `ctx.trigger` of a request: the request itself says the rest.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct HttpEvent {
    #[serde(rename = "type")]
    kind: TriggerKind,
}

impl HttpEvent {
    /// Of any request.
    pub(crate) const EVENT: Self = Self { kind: TriggerKind::Http };
}
