//! The frames of the socket's protocol: JSON texts, each with a `type`.

use std::borrow::Cow;

use bytes::Bytes;
use mayfly_api::realtime::SocketMessage;
use mayfly_api::value::Object;
use mayfly_tenant_db::changes::TABLE_BYTES_MAX;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::changes::RowFilter;
use crate::sockets::check_channel;

/// The longest event, in characters: as its trigger's config may have it.
const EVENT_CHARS_MAX: usize = 200;
/// The longest id of a frame, in bytes of JSON.
const ID_BYTES_MAX: usize = 256;
/// The channel of presence where a frame names none.
const CHANNEL: &str = "app";

/// A text of a client. What is missing or too much shows when its type is known.
#[derive(Debug, Deserialize)]
struct Sent<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    event: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    channel: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    table: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    filter: Option<&'a RawValue>,
    #[serde(borrow, default)]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// What a client wants.
#[derive(Debug)]
pub(super) enum Wanted<'a> {
    /// A function is to run.
    Event { event: Cow<'a, str>, payload: &'a RawValue },
    /// Get the messages of a channel.
    Subscribe { channel: Cow<'a, str> },
    /// Be told of a table's changes.
    Follow { table: Cow<'a, str>, filter: RowFilter },
    /// Be told of them no more.
    Unfollow { table: Cow<'a, str> },
    /// Get them no more.
    Unsubscribe { channel: Cow<'a, str> },
    /// Give a message to all who are subscribed.
    Publish { channel: Cow<'a, str>, data: &'a RawValue },
    /// Be present in a channel, or say something else of oneself.
    Track { channel: Cow<'a, str>, metadata: &'a RawValue },
    /// Be present no more.
    Untrack { channel: Cow<'a, str> },
    /// See who is present.
    Members { channel: Cow<'a, str> },
    /// Hear that the server is there.
    Ping,
}

/// A frame, or what is wrong with it; and the id that its answer repeats.
pub(super) fn read(text: &[u8]) -> (Result<Wanted<'_>, String>, Option<&RawValue>) {
    let sent = match serde_json::from_slice::<Object<Sent<'_>>>(text) {
        Ok(Object(sent)) => sent,
        Err(error) if error.is_data() => return (Err(format!("Invalid frame: {error}")), None),
        Err(_) => return (Err("Invalid JSON".to_owned()), None),
    };
    match sent.id {
        Some(id) if !is_id(id) => (Err("\"id\" must be a short string or a number".to_owned()), None),
        id => (sent.wanted(), id),
    }
}

fn is_id(id: &RawValue) -> bool {
    let first = id.get().bytes().next().unwrap_or_default();
    id.get().len() <= ID_BYTES_MAX && (first == b'"' || first == b'-' || first.is_ascii_digit())
}

impl<'a> Sent<'a> {
    fn wanted(self) -> Result<Wanted<'a>, String> {
        let kind = self.kind.clone().ok_or("Missing \"type\" field")?;
        if self.table.is_some() && matches!(&*kind, "subscribe" | "unsubscribe") {
            return self.following(kind == "subscribe");
        }
        let channel = |otherwise: Option<&'static str>| -> Result<Cow<'a, str>, String> {
            let channel = self
                .channel
                .or(otherwise.map(Cow::Borrowed))
                .ok_or("Missing \"table\" or \"channel\" field")?;
            check_channel(&channel)?;
            Ok(channel)
        };
        Ok(match &*kind {
            "event" => {
                let event = self.event.ok_or("Missing \"event\" field")?;
                if event.is_empty() || event.chars().count() > EVENT_CHARS_MAX {
                    return Err(format!("\"event\" must have 1 to {EVENT_CHARS_MAX} characters"));
                }
                Wanted::Event { event, payload: self.payload.unwrap_or(RawValue::NULL) }
            }
            "subscribe" => Wanted::Subscribe { channel: channel(None)? },
            "unsubscribe" => Wanted::Unsubscribe { channel: channel(None)? },
            "publish" => {
                Wanted::Publish { channel: channel(None)?, data: self.data.unwrap_or(RawValue::NULL) }
            }
            "presence_track" | "presence_update" => Wanted::Track {
                channel: channel(Some(CHANNEL))?,
                metadata: self.metadata.unwrap_or(RawValue::NULL),
            },
            "presence_untrack" => Wanted::Untrack { channel: channel(Some(CHANNEL))? },
            "presence_get" => Wanted::Members { channel: channel(Some(CHANNEL))? },
            "ping" => Wanted::Ping,
            other => {
                let shown: String = other.chars().take(50).collect();
                return Err(format!("Unknown message type: {shown}"));
            }
        })
    }
}

impl<'a> Sent<'a> {
    /// A frame that names a table.
    fn following(self, begins: bool) -> Result<Wanted<'a>, String> {
        let table = self.table.unwrap_or_default();
        if table.is_empty() || table.len() > TABLE_BYTES_MAX || table.chars().any(char::is_control) {
            return Err(format!(
                "\"table\" must have 1 to {TABLE_BYTES_MAX} bytes and no control characters"
            ));
        }
        if self.channel.is_some() {
            return Err("\"table\" excludes \"channel\"".to_owned());
        }
        if !begins {
            return Ok(Wanted::Unfollow { table });
        }
        let filter = self.filter.map(RowFilter::parse).transpose()?.unwrap_or_default();
        Ok(Wanted::Follow { table, filter })
    }
}

/// What the server says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said<'a> {
    Connected {
        app_id: &'a str,
        socket_id: &'a str,
        role: &'static str,
        user_id: Option<&'a str>,
        heartbeat_seconds: u64,
        frame_bytes_max: usize,
    },
    Heartbeat {
        timestamp: &'a str,
    },
    EventResponse {
        event: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
        status: u16,
        data: &'a RawValue,
    },
    #[serde(rename = "subscribed")]
    Following {
        table: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    #[serde(rename = "unsubscribed")]
    NotFollowing {
        table: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    Warning {
        code: &'static str,
        message: &'a str,
        table: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    Subscribed {
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    Unsubscribed {
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    Published {
        channel: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
    Error {
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a RawValue>,
    },
}

impl Said<'_> {
    /// As it goes out.
    pub(super) fn to_message(&self) -> SocketMessage {
        // Texts, numbers and checked JSON only.
        SocketMessage::Text(Bytes::from(serde_json::to_vec(self).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        read(text.as_bytes()).0.unwrap_err()
    }

    #[test]
    fn a_frame_says_what_is_wanted() {
        let (wanted, id) =
            read(br#"{"type":"event","event":"chat","payload":{"a":1},"id":"x7","more":true}"#);
        assert_eq!(id.unwrap().get(), r#""x7""#);
        let Wanted::Event { event, payload } = wanted.unwrap() else { panic!("an event") };
        assert_eq!((&*event, payload.get()), ("chat", r#"{"a":1}"#));
        let Wanted::Track { channel, metadata } = read(br#"{"type":"presence_track"}"#).0.unwrap() else {
            panic!("presence")
        };
        assert_eq!((&*channel, metadata.get()), ("app", "null"));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(refused("{"), "Invalid JSON");
        assert_eq!(refused("\u{0}"), "Invalid JSON");
        assert_eq!(refused(&format!(r#"{{"type":"event","payload":{}"#, "[".repeat(60_000))), "Invalid JSON");
        assert_eq!(refused("{}"), "Missing \"type\" field");
        assert_eq!(refused(r#"{"type":"event"}"#), "Missing \"event\" field");
        assert_eq!(refused(r#"{"type":"subscribe"}"#), "Missing \"table\" or \"channel\" field");
        assert_eq!(refused(r#"{"type":"dance"}"#), "Unknown message type: dance");
        for frame in
            ["1", "[]", r#"{"type":1}"#, r#"{"type":"event","event":["x"]}"#, r#"{"type":"a","type":"b"}"#]
        {
            assert!(refused(frame).starts_with("Invalid frame: "), "{frame}: {}", refused(frame));
        }
        assert!(refused(r#"{"type":"ping","id":{}}"#).contains("\"id\""));
    }

    #[test]
    fn names_are_bounded() {
        let event = |length: usize| format!(r#"{{"type":"event","event":"{}"}}"#, "x".repeat(length));
        assert!(read(event(200).as_bytes()).0.is_ok());
        assert!(refused(&event(201)).contains("200"));
        assert!(refused(&event(0)).contains("200"));
        let channel = |name: &str| format!(r#"{{"type":"subscribe","channel":"{name}"}}"#);
        assert!(read(channel(&"x".repeat(200)).as_bytes()).0.is_ok());
        assert!(refused(&channel(&"x".repeat(201))).contains("200"));
        assert!(refused(&channel("a\\u0000b")).contains("control"));
        let table = |name: &str| format!(r#"{{"type":"subscribe","table":"{name}"}}"#);
        assert!(read(table(&"x".repeat(63)).as_bytes()).0.is_ok());
        assert!(refused(&table(&"x".repeat(64))).contains("63"));
        assert!(refused(&table("")).contains("63"));
        assert!(refused(r#"{"type":"unsubscribe","table":"a","channel":"b"}"#).contains("excludes"));
        assert!(refused(r#"{"type":"subscribe","table":"a","filter":[]}"#).contains("filter"));
        let id = |length: usize| format!(r#"{{"type":"ping","id":"{}"}}"#, "x".repeat(length));
        assert!(read(id(254).as_bytes()).0.is_ok());
        assert!(read(id(255).as_bytes()).0.is_err());
    }
}
