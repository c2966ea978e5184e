//! `TriggerEvent`: what started an invocation, as its record names it and `ctx.trigger` shows it.

use std::sync::Arc;

use mayfly_api::triggers::TriggerKind;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::sockets::Socket;

/// What started a function.
#[derive(Debug, Clone)]
pub enum TriggerEvent {
    /// A request to its URL.
    Http,
    /// The management route. To the function it is a request like any other.
    Invoke,
    /// Another function of the app, by `ctx.invoke`.
    Sibling {
        /// `ctx.trigger`
        context: Box<RawValue>,
    },
    /// A job of the function's queue.
    Job {
        /// `ctx.trigger`
        context: Box<RawValue>,
    },
    /// Code that runs once.
    Run {
        /// `ctx.trigger`
        context: Box<RawValue>,
    },
    /// A call of an agent's tool.
    Tool {
        /// `ctx.trigger`
        context: Box<RawValue>,
    },
    /// Another trigger.
    Fired {
        /// Its kind.
        kind: TriggerKind,
        /// `ctx.trigger`
        context: Box<RawValue>,
        /// The socket whose frame fired it.
        socket: Option<Arc<Socket>>,
    },
}

/// The type of a call by `ctx.invoke`, which no config names.
const SIBLING: &str = "sibling";
/// The type of a job, likewise.
const QUEUE: &str = "queue";
/// The type of code that runs once, likewise.
const RUN: &str = "run";
/// The type of a call of an agent's tool, likewise.
const AGENT_TOOL: &str = "agent_tool";

#[derive(Serialize)]
struct Tagged<K, T> {
    #[serde(rename = "type")]
    kind: K,
    #[serde(flatten)]
    event: T,
}

impl TriggerEvent {
    /// A trigger that fired; the event's fields stand beside `type` in `ctx.trigger`.
    ///
    /// # Errors
    /// When the event is no JSON object.
    pub fn fired(kind: TriggerKind, event: impl Serialize) -> Result<Self, serde_json::Error> {
        let context = serde_json::value::to_raw_value(&Tagged { kind, event })?;
        Ok(Self::Fired { kind, context, socket: None })
    }

    /// The same, by a frame of this socket.
    #[must_use]
    pub fn on_socket(mut self, by: Arc<Socket>) -> Self {
        if let Self::Fired { socket, .. } = &mut self {
            *socket = Some(by);
        }
        self
    }

    /// The socket whose frame fired it: `ctx.socket`.
    pub fn socket(&self) -> Option<Arc<Socket>> {
        match self {
            Self::Fired { socket, .. } => socket.clone(),
            Self::Http
            | Self::Invoke
            | Self::Sibling { .. }
            | Self::Job { .. }
            | Self::Run { .. }
            | Self::Tool { .. } => None,
        }
    }

    /// A call by another function; the event says which.
    ///
    /// # Errors
    /// When the event is no JSON object.
    pub(super) fn sibling(event: impl Serialize) -> Result<Self, serde_json::Error> {
        let tagged = Tagged { kind: SIBLING, event };
        Ok(Self::Sibling { context: serde_json::value::to_raw_value(&tagged)? })
    }

    /// A job that starts; the event's fields stand beside `type` in `ctx.trigger`.
    ///
    /// # Errors
    /// When the event is no JSON object.
    pub(crate) fn job(event: impl Serialize) -> Result<Self, serde_json::Error> {
        let tagged = Tagged { kind: QUEUE, event };
        Ok(Self::Job { context: serde_json::value::to_raw_value(&tagged)? })
    }

    /// Code that runs once, with its `input`.
    ///
    /// # Errors
    /// When the event is no JSON object.
    pub(crate) fn run(event: impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::Run { context: serde_json::value::to_raw_value(&Tagged { kind: RUN, event })? })
    }

    /// A call of an agent's tool; the event says by whom.
    ///
    /// # Errors
    /// When the event is no JSON object.
    pub(crate) fn tool(event: impl Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self::Tool { context: serde_json::value::to_raw_value(&Tagged { kind: AGENT_TOOL, event })? })
    }

    /// As records write it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http => TriggerKind::Http.as_str(),
            Self::Invoke => "invoke",
            Self::Sibling { .. } => SIBLING,
            Self::Job { .. } => QUEUE,
            Self::Run { .. } => RUN,
            Self::Tool { .. } => AGENT_TOOL,
            Self::Fired { kind, .. } => kind.as_str(),
        }
    }
}

impl Serialize for TriggerEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Http | Self::Invoke => {
                Tagged { kind: TriggerKind::Http, event: Nothing {} }.serialize(serializer)
            }
            Self::Sibling { context }
            | Self::Job { context }
            | Self::Run { context }
            | Self::Tool { context }
            | Self::Fired { context, .. } => context.serialize(serializer),
        }
    }
}

/// A request says the rest itself.
#[derive(Serialize)]
struct Nothing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_an_event_stand_beside_its_type() {
        let shown = |event: &TriggerEvent| serde_json::to_string(event).unwrap();
        assert_eq!(shown(&TriggerEvent::Http), r#"{"type":"http"}"#);
        assert_eq!(shown(&TriggerEvent::Invoke), r#"{"type":"http"}"#);
        let fired = TriggerEvent::fired(TriggerKind::Cron, serde_json::json!({"attempt": 1})).unwrap();
        assert_eq!((shown(&fired).as_str(), fired.as_str()), (r#"{"type":"cron","attempt":1}"#, "cron"));
    }
}
