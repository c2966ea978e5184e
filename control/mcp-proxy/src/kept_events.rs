//! Events of streams, kept for clients whose connection was cut: they go on behind the last one that they have seen, with what has
//! come meanwhile and what is still to come. In memory, bounded; what was dropped cannot be gone on with.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::stream;
use rmcp::model::JsonRpcMessage;
use rmcp::transport::common::server_side_http::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::{EventStore, EventStoreError, EventStream};
use tokio::sync::watch;
use uuid::Uuid;

/// Events of one stream; beyond, its oldest are dropped.
const EVENTS_MAX: usize = 512;
/// Streams.
const STREAMS_MAX: usize = 1_000;
/// Bytes of all of them; beyond, the oldest streams are dropped.
const BYTES_MAX: usize = 64 << 20;

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct KeptEvents(Mutex<Streams>);

#[derive(Debug, Default)]
struct Streams {
    /// By what begins the ids of their events: it cannot be guessed, and so is known to who has read the stream alone.
    by_tag: HashMap<String, KeptStream>,
    /// Tags by what the library calls the streams.
    tags: HashMap<String, String>,
    order: VecDeque<String>,
    bytes: usize,
}

#[derive(Debug)]
struct KeptStream {
    name: String,
    events: VecDeque<(ServerSseMessage, usize)>,
    /// The number of the first one that is kept.
    first: u64,
    bytes: usize,
    /// The number of the next one; closed where the stream was dropped.
    next: watch::Sender<u64>,
}

impl KeptEvents {
    fn keep(&self, name: &str, event: &ServerSseMessage) -> String {
        let size = event
            .message
            .as_ref()
            .map_or(0, |message| serde_json::to_vec(&**message).map_or(0, |text| text.len()));
        let mut streams = self.streams();
        let tag = streams.tags.get(name).cloned().unwrap_or_else(|| streams.begin(name));
        let Some(kept) = streams.by_tag.get_mut(&tag) else { return tag };
        let number = *kept.next.borrow();
        let id = format!("{tag}/{number}");
        let mut event = event.clone();
        event.event_id = Some(id.clone());
        kept.events.push_back((event, size));
        kept.bytes += size;
        let mut dropped = 0;
        while kept.events.len() > EVENTS_MAX
            && let Some((_, size)) = kept.events.pop_front()
        {
            kept.first += 1;
            dropped += size;
        }
        kept.bytes -= dropped;
        kept.next.send_replace(number + 1);
        streams.bytes = streams.bytes + size - dropped;
        streams.shrink(&tag);
        id
    }

    /// What follows an event: those that are kept, and the number of the next one; `None`: something between is gone.
    fn after(&self, tag: &str, number: u64) -> Option<(VecDeque<ServerSseMessage>, watch::Receiver<u64>)> {
        let streams = self.streams();
        let kept = streams.by_tag.get(tag)?;
        let skipped = number.checked_sub(kept.first)?;
        let events = kept.events.iter().skip(usize::try_from(skipped).ok()?);
        Some((events.map(|(event, _)| event.clone()).collect(), kept.next.subscribe()))
    }

    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn begin(&mut self, name: &str) -> String {
        let tag = Uuid::new_v4().simple().to_string();
        let kept = KeptStream {
            name: name.to_owned(),
            events: VecDeque::new(),
            first: 0,
            bytes: 0,
            next: watch::Sender::new(0),
        };
        self.by_tag.insert(tag.clone(), kept);
        self.tags.insert(name.to_owned(), tag.clone());
        self.order.push_back(tag.clone());
        tag
    }

    /// Drop the oldest streams, but for this one, until there is room.
    fn shrink(&mut self, but: &str) {
        while self.by_tag.len() > STREAMS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            if oldest == but {
                self.order.push_back(oldest);
                if self.order.len() == 1 {
                    return;
                }
                continue;
            }
            if let Some(gone) = self.by_tag.remove(&oldest) {
                self.tags.remove(&gone.name);
                self.bytes -= gone.bytes;
            }
        }
    }
}

/// Shared with the streams that go on. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedEvents(Arc<KeptEvents>);

/// Where a reader is.
struct Reader {
    events: SharedEvents,
    tag: String,
    next: u64,
    ready: VecDeque<ServerSseMessage>,
    more: watch::Receiver<u64>,
    is_over: bool,
}

#[async_trait::async_trait]
impl EventStore for SharedEvents {
    async fn store_event(
        &self,
        stream_id: &str,
        event: &ServerSseMessage,
    ) -> Result<String, EventStoreError> {
        Ok(self.0.keep(stream_id, event))
    }

    async fn replay_events_after(&self, last_event_id: &str) -> Result<EventStream, EventStoreError> {
        let gone = || EventStoreError::from("what follows is not kept");
        let (tag, number) = last_event_id.split_once('/').ok_or_else(gone)?;
        let next = number.parse::<u64>().ok().and_then(|number| number.checked_add(1)).ok_or_else(gone)?;
        let (ready, more) = self.0.after(tag, next).ok_or_else(gone)?;
        let reader = Reader { events: self.clone(), tag: tag.to_owned(), next, ready, more, is_over: false };
        Ok(Box::pin(stream::unfold(reader, Reader::step)))
    }
}

impl Reader {
    async fn step(mut self) -> Option<(ServerSseMessage, Self)> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.next += 1;
                // An answer is the last that a request's stream has.
                let message = event.message.as_deref();
                self.is_over =
                    matches!(message, Some(JsonRpcMessage::Response(_) | JsonRpcMessage::Error(_)));
                return Some((event, self));
            }
            if self.is_over {
                return None;
            }
            let next = self.next;
            self.more.wait_for(|number| *number > next).await.ok()?;
            self.ready = self.events.0.after(&self.tag, next)?.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use rmcp::model::ServerJsonRpcMessage;
    use serde_json::json;

    use super::*;

    fn event(text: &str) -> ServerSseMessage {
        let message = json!({ "jsonrpc": "2.0", "method": "notifications/message",
            "params": { "level": "info", "data": text } });
        ServerSseMessage::from_message(serde_json::from_value(message).unwrap())
    }

    fn answer() -> ServerSseMessage {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
        ServerSseMessage::from_message(serde_json::from_value::<ServerJsonRpcMessage>(message).unwrap())
    }

    #[tokio::test]
    async fn a_reader_goes_on_behind_what_it_has_seen_until_the_answer() {
        let events = SharedEvents::default();
        let first = events.store_event("a", &event("1")).await.unwrap();
        let other = events.store_event("b", &event("other")).await.unwrap();
        assert_ne!(first.split_once('/').unwrap().0, other.split_once('/').unwrap().0);
        let second = events.store_event("a", &event("2")).await.unwrap();
        let mut read = events.replay_events_after(&first).await.unwrap();
        assert_eq!(read.next().await.unwrap().event_id, Some(second.clone()));
        // What comes while it reads is its, too.
        let last = events.store_event("a", &answer()).await.unwrap();
        assert_eq!(read.next().await.unwrap().event_id, Some(last));
        assert!(read.next().await.is_none());
        for unknown in ["", "x", "x/1", &format!("{first}0"), &format!("{first}/1")] {
            let read = events.replay_events_after(unknown).await;
            // An event that is still to come has none before it.
            assert!(read.is_err() || unknown == format!("{first}0"), "{unknown}");
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let events = SharedEvents::default();
        let first = events.store_event("a", &event("1")).await.unwrap();
        for _ in 0..EVENTS_MAX {
            events.store_event("a", &event("2")).await.unwrap();
        }
        assert!(events.replay_events_after(&first).await.is_ok(), "only the first was dropped");
        events.store_event("a", &event("2")).await.unwrap();
        assert!(events.replay_events_after(&first).await.is_err());
        for number in 0..STREAMS_MAX {
            events.store_event(&format!("s{number}"), &event("3")).await.unwrap();
        }
        {
            let streams = events.0.streams();
            assert_eq!((streams.by_tag.len(), streams.tags.len()), (STREAMS_MAX, STREAMS_MAX));
            assert!(!streams.tags.contains_key("a"), "the oldest was dropped");
        }
        let large = event(&"x".repeat(BYTES_MAX / 4));
        for number in 0..8 {
            events.store_event(&format!("s{number}"), &large).await.unwrap();
        }
        let streams = events.0.streams();
        assert!(streams.bytes <= BYTES_MAX, "{}", streams.bytes);
        assert_eq!(streams.bytes, streams.by_tag.values().map(|kept| kept.bytes).sum::<usize>());
    }
}
