//! `Socket`: one open socket as the rest of the server knows it: its outbox, and what it is subscribed to and present in;
//! and the sockets of one app.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};

use super::outbox::Outbox;

/// Events of one app that run at one moment on this node.
const EVENTS_PER_APP_MAX: usize = 64;

/// Channels of one socket, and those among them in which it is present.
const CHANNELS_MAX: usize = 100;

/// One open socket.
#[derive(Debug)]
pub struct Socket {
    /// `sock_...`
    pub id: Box<str>,
    /// The app.
    pub app: Box<str>,
    /// The end user, where there is one.
    pub user: Option<Box<str>>,
    /// What its client has yet to get.
    pub outbox: Outbox,
    pub(super) sockets: Arc<AppSockets>,
    joined: Mutex<Joined>,
}

#[derive(Debug, Default)]
struct Joined {
    channels: HashSet<Box<str>>,
    /// By channel: what it says of itself, as JSON.
    present: HashMap<Box<str>, Box<str>>,
    is_gone: bool,
}

impl Socket {
    pub(super) fn new(id: String, app: &str, user: Option<&str>, sockets: Arc<AppSockets>) -> Self {
        Self {
            id: id.into(),
            app: app.into(),
            user: user.map(Into::into),
            outbox: Outbox::default(),
            sockets,
            joined: Mutex::default(),
        }
    }

    /// Subscribe to a channel. `false`: it has as many as it may have, or is gone.
    pub fn subscribe(self: &Arc<Self>, channel: &str) -> bool {
        let mut joined = self.lock();
        if joined.channels.contains(channel) {
            return true;
        }
        if joined.is_gone || joined.channels.len() >= CHANNELS_MAX {
            return false;
        }
        joined.channels.insert(channel.into());
        self.sockets.subscribe(channel, self);
        true
    }

    /// End a subscription.
    pub fn unsubscribe(&self, channel: &str) {
        if self.lock().channels.remove(channel) {
            self.sockets.unsubscribe(channel, &self.id);
        }
    }

    /// Whether it gets the messages of a channel.
    pub fn is_subscribed(&self, channel: &str) -> bool {
        self.lock().channels.contains(channel)
    }

    /// How many events of the app run at one moment, and which change of the app is the last.
    pub fn events(&self) -> Arc<Semaphore> {
        Arc::clone(&self.sockets.events)
    }

    /// Tells when the app changes: its keys, its settings, its state.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.sockets.changed.subscribe()
    }

    /// Keep what it says of itself in a channel. `false`: it is present in as many as it may be, or is gone.
    pub(super) fn set_present(&self, channel: &str, metadata: &str) -> bool {
        let mut joined = self.lock();
        let is_full = joined.present.len() >= CHANNELS_MAX && !joined.present.contains_key(channel);
        if joined.is_gone || is_full {
            return false;
        }
        joined.present.insert(channel.into(), metadata.into());
        true
    }

    /// Whether it is present in a channel.
    pub fn is_present(&self, channel: &str) -> bool {
        self.lock().present.contains_key(channel)
    }

    pub(super) fn unset_present(&self, channel: &str) -> bool {
        self.lock().present.remove(channel).is_some()
    }

    pub(super) fn present(&self) -> Vec<(Box<str>, Box<str>)> {
        self.lock().present.iter().map(|(channel, metadata)| (channel.clone(), metadata.clone())).collect()
    }

    /// It is gone: where it was present.
    pub(super) fn take_present(&self) -> Vec<Box<str>> {
        let mut joined = self.lock();
        joined.is_gone = true;
        joined.present.drain().map(|(channel, _)| channel).collect()
    }

    pub(super) fn take_channels(&self) -> HashSet<Box<str>> {
        let mut joined = self.lock();
        joined.is_gone = true;
        std::mem::take(&mut joined.channels)
    }

    fn lock(&self) -> MutexGuard<'_, Joined> {
        self.joined.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sockets of one app.
#[derive(Debug)]
pub(super) struct AppSockets {
    members: Mutex<Members>,
    events: Arc<Semaphore>,
    pub(super) changed: watch::Sender<()>,
}

#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) sockets: HashMap<Box<str>, Arc<Socket>>,
    pub(super) channels: HashMap<Box<str>, HashMap<Box<str>, Arc<Socket>>>,
}

impl AppSockets {
    pub(super) fn new() -> Self {
        Self {
            members: Mutex::default(),
            events: Arc::new(Semaphore::new(EVENTS_PER_APP_MAX)),
            changed: watch::Sender::new(()),
        }
    }

    fn subscribe(&self, channel: &str, socket: &Arc<Socket>) {
        let mut members = self.lock();
        members.channels.entry(channel.into()).or_default().insert(socket.id.clone(), Arc::clone(socket));
    }

    fn unsubscribe(&self, channel: &str, socket: &str) {
        self.lock().leave(channel, socket);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    pub(super) fn leave(&mut self, channel: &str, socket: &str) {
        if let Some(subscribers) = self.channels.get_mut(channel) {
            subscribers.remove(socket);
            if subscribers.is_empty() {
                self.channels.remove(channel);
            }
        }
    }
}
