//! Subscriptions to the tables of one app on this node.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mayfly_api::realtime::SocketMessage;
use mayfly_tenant_db::identity::Identity;

use super::filter::RowFilter;
use super::frame::{Gap, warning};
use crate::sockets::Socket;

/// A socket that follows a table.
#[derive(Debug)]
pub(super) struct Subscriber {
    pub(super) socket: Arc<Socket>,
    pub(super) identity: Identity,
    pub(super) filter: RowFilter,
}

impl Subscriber {
    pub(super) fn send(&self, message: SocketMessage) {
        self.socket.outbox.send(message);
    }
}

/// Subscribers by table, each with a number of its own.
type ByTable = HashMap<Box<str>, HashMap<u64, Arc<Subscriber>>>;

/// Who follows which tables.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    tables: Mutex<ByTable>,
    count: AtomicU64,
}

/// A subscription to a table; dropping it ends it.
#[derive(Debug)]
pub struct TableSubscription {
    subscriptions: Arc<Subscriptions>,
    table: Box<str>,
    number: u64,
}

impl Drop for TableSubscription {
    fn drop(&mut self) {
        let mut tables = self.subscriptions.lock();
        if let Some(subscribers) = tables.get_mut(&self.table) {
            subscribers.remove(&self.number);
            if subscribers.is_empty() {
                tables.remove(&self.table);
            }
        }
    }
}

impl Subscriptions {
    pub(super) fn add(self: &Arc<Self>, table: &str, subscriber: Subscriber) -> TableSubscription {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        self.lock().entry(table.into()).or_default().insert(number, Arc::new(subscriber));
        TableSubscription { subscriptions: Arc::clone(self), table: table.into(), number }
    }

    /// Tables that have subscribers.
    pub(super) fn tables(&self) -> Vec<Box<str>> {
        self.lock().keys().cloned().collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// The subscribers of a table, by who they are: each identity sees the same rows.
    pub(super) fn by_identity(&self, table: &str) -> HashMap<Identity, Vec<Arc<Subscriber>>> {
        let mut found: HashMap<_, Vec<_>> = HashMap::new();
        for subscriber in self.lock().get(table).into_iter().flat_map(HashMap::values) {
            found.entry(subscriber.identity.clone()).or_default().push(Arc::clone(subscriber));
        }
        found
    }

    /// Tell the subscribers of a table that they have to read it again.
    pub(super) fn warn(&self, table: &str, gap: Gap) {
        for subscriber in self.lock().get(table).into_iter().flat_map(HashMap::values) {
            subscriber.send(warning(table, gap));
        }
    }

    /// End every subscription to a table.
    pub(super) fn remove(&self, table: &str) {
        self.lock().remove(table);
    }

    fn lock(&self) -> MutexGuard<'_, ByTable> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
