//! `Presence`: which sockets are present in which channel, over all nodes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::realtime::SocketMessage;
use mayfly_api::value::Timestamp;
use mayfly_store::{Envelope, Member, NewMember, Store, StoreError};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::hub::Hub;
use super::publisher::Publisher;
use super::socket::Socket;

/// Sockets that are present in one channel.
const MEMBERS_MAX: i64 = 1_000;
/// Bytes that a socket may say of itself.
pub const METADATA_BYTES_MAX: usize = 1 << 10;

/// Who is present where. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Presence {
    store: Store,
    publisher: Publisher,
    node: Arc<str>,
    /// Lists that wait for their mark among the messages: a client gets one behind all changes that it contains.
    lists: Arc<Mutex<HashMap<Box<str>, Waiting>>>,
}

type Waiting = (Arc<Socket>, Bytes);

/// A member, as clients see it.
#[derive(Serialize)]
struct Shown<'a> {
    socket_id: &'a str,
    user_id: Option<&'a str>,
    metadata: Box<RawValue>,
    joined_at: Timestamp,
}

#[derive(Serialize)]
struct Changed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    channel: &'a str,
    event: &'static str,
    member: Shown<'a>,
}

#[derive(Serialize)]
struct Listed<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    channel: &'a str,
    members: Vec<Shown<'a>>,
}

impl Presence {
    /// Of the sockets of this node.
    pub fn new(store: Store, publisher: Publisher, node: Arc<str>) -> Self {
        Self { store, publisher, node, lists: Arc::default() }
    }

    /// A socket is present in a channel from now on, or says something else of itself.
    ///
    /// # Errors
    /// `CONCURRENCY_LIMIT` where the socket is present in too many channels, or too many are in this one.
    pub async fn enter(&self, socket: &Socket, channel: &str, metadata: &RawValue) -> ApiResult<()> {
        let full = |text: &str| ApiError::new(Code::ConcurrencyLimit, text.to_owned());
        if !socket.set_present(channel, metadata.get()) {
            return Err(full("the socket is present in as many channels as it may be"));
        }
        let entered = self.write(socket, channel, metadata.get()).await;
        if !matches!(entered, Ok(true)) {
            socket.unset_present(channel);
        }
        match entered? {
            true => Ok(()),
            false => Err(full("as many are present in the channel as may be")),
        }
    }

    async fn write(&self, socket: &Socket, channel: &str, metadata: &str) -> Result<bool, StoreError> {
        let (app, user, node) = (&*socket.app, socket.user.as_deref(), &*self.node);
        let member = NewMember { app, channel, socket: &socket.id, node, user, metadata };
        let announce = |member: &Member, is_new| self.changed(member, if is_new { "join" } else { "update" });
        self.store.realtime().enter(member, MEMBERS_MAX, announce).await
    }

    /// A socket is present in a channel no more.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn leave(&self, socket: &Socket, channel: &str) -> ApiResult<()> {
        if socket.unset_present(channel) {
            self.delete(socket, channel).await?;
        }
        Ok(())
    }

    /// A socket is gone: it is present nowhere.
    pub async fn leave_all(&self, socket: &Socket) {
        for channel in socket.take_present() {
            if let Err(error) = self.delete(socket, &channel).await {
                tracing::warn!(%error, "a socket that is gone is removed from a channel later, by the heartbeat");
            }
        }
    }

    async fn delete(&self, socket: &Socket, channel: &str) -> Result<(), StoreError> {
        let announce = |member: &Member| self.changed(member, "leave");
        self.store.realtime().leave(&socket.app, channel, &socket.id, announce).await
    }

    /// Send a socket the list of those who are present, behind all changes that the list contains.
    ///
    /// # Errors
    /// When PostgreSQL cannot be reached.
    pub async fn list(&self, socket: &Arc<Socket>, channel: &str) -> ApiResult<()> {
        let mark = self.publisher.envelope(&socket.app, channel, None);
        let nonce = mark.nonce.clone();
        let keep = |members: Vec<Member>| {
            let members = members.iter().map(shown).collect();
            let list = serde_json::to_vec(&Listed { kind: "presence_state", channel, members });
            self.lists().insert(nonce.clone(), (Arc::clone(socket), Bytes::from(list.unwrap_or_default())));
        };
        let listed = self.store.realtime().members(mark, MEMBERS_MAX, keep).await;
        if listed.is_err() {
            self.lists().remove(&nonce);
        }
        Ok(listed?)
    }

    /// A mark arrived: its list is due.
    pub(super) fn marked(&self, nonce: &str) {
        let due = self.lists().remove(nonce);
        if let Some((socket, list)) = due {
            socket.outbox.send(SocketMessage::Text(list));
        }
    }

    /// Marks may have been missed: every list is due.
    pub(super) fn unmark_all(&self) {
        let due = std::mem::take(&mut *self.lists());
        for (socket, list) in due.into_values() {
            socket.outbox.send(SocketMessage::Text(list));
        }
    }

    /// Say that this node lives, and remove the sockets of nodes that do not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn heartbeat(&self, hub: &Hub) -> Result<(), StoreError> {
        let present: Vec<_> = hub
            .sockets()
            .into_iter()
            .map(|socket| (socket.present(), socket))
            .filter(|(channels, _)| !channels.is_empty())
            .collect();
        let ids: Vec<&str> = present.iter().map(|(_, socket)| &*socket.id).collect();
        let announce = |member: &Member| self.changed(member, "leave");
        let was_lost = self.store.realtime().heartbeat(&self.node, &ids, announce).await?;
        if was_lost {
            // This process stood still for so long that another node removed them.
            for (channels, socket) in present {
                for (channel, metadata) in channels {
                    self.write(&socket, &channel, &metadata).await?;
                }
            }
        }
        Ok(())
    }

    fn changed(&self, member: &Member, event: &'static str) -> Envelope {
        let changed = Changed { kind: "presence", channel: &member.channel, event, member: shown(member) };
        // Texts and checked JSON only: there is nothing in it that JSON could not say.
        self.publisher.envelope(&member.app, &member.channel, to_raw_value(&changed).ok())
    }

    fn lists(&self) -> std::sync::MutexGuard<'_, HashMap<Box<str>, Waiting>> {
        self.lists.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn shown(member: &Member) -> Shown<'_> {
    Shown {
        socket_id: &member.socket,
        user_id: member.user.as_deref(),
        metadata: RawValue::from_string(member.metadata.clone())
            .unwrap_or_else(|_| RawValue::NULL.to_owned()),
        joined_at: member.joined_at.into(),
    }
}
