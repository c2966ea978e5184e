//! `Channels`: what arrives from all nodes, given to the sockets of this one.

use bytes::Bytes;
use mayfly_store::{Arrival, Envelope, Store};

use super::hub::Hub;
use super::presence::Presence;
use super::publisher::Publisher;

/// Said to all who are subscribed when the connection to PostgreSQL was lost for a while.
const MISSED: &[u8] =
    br#"{"type":"warning","code":"MESSAGES_MISSED","message":"messages of channels may have been missed"}"#;

/// Follows the messages of all nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Channels {
    /// The platform's tables.
    pub store: Store,
    /// The sockets of this node.
    pub hub: Hub,
    /// Sends messages.
    pub publisher: Publisher,
    /// Waits for its marks.
    pub presence: Presence,
}

impl Channels {
    /// Follow them for as long as the server runs.
    pub async fn follow(&self) {
        let mut messages = self.store.messages();
        while let Some(arrival) = messages.next().await {
            match arrival {
                Arrival::Message(Envelope { app, channel, frame: Some(frame), .. }) => {
                    let frame = Bytes::from(String::from(Box::<str>::from(frame)));
                    self.hub.deliver(&app, &channel, &frame);
                }
                Arrival::Message(Envelope { nonce, .. }) => self.presence.marked(&nonce),
                Arrival::Gap => {
                    self.presence.unmark_all();
                    self.hub.deliver_to_all(&Bytes::from_static(MISSED));
                }
            }
        }
    }
}
