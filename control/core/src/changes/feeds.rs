//! `ChangeFeeds`: the feeds of this node, one for each app whose tables are followed; and what wakes them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::tasks::Tasks;
use mayfly_store::{POSTGRESQL, Store};
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::Tenants;
use tokio::sync::{Notify, mpsc, oneshot};

use super::feed::{Feed, FeedHandle, Request};
use super::filter::RowFilter;
use super::subscription::{Subscriber, TableSubscription};
use crate::sockets::Socket;

/// Sockets that ask for a table of one app at the same moment.
const REQUESTS_MAX: usize = 64;
/// Commits of this time are told to other nodes at once.
const GATHER: Duration = Duration::from_millis(10);

/// The feeds of this node. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ChangeFeeds(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    tenants: Tenants,
    store: Store,
    tasks: Tasks,
    node: Arc<str>,
    feeds: Mutex<HashMap<Box<str>, Arc<FeedHandle>>>,
}

impl ChangeFeeds {
    /// Of a node, without any feed.
    pub fn new(tenants: Tenants, store: Store, tasks: Tasks, node: Arc<str>) -> Self {
        Self(Arc::new(Shared { tenants, store, tasks, node, feeds: Mutex::default() }))
    }

    pub(super) fn tenants(&self) -> &Tenants {
        &self.0.tenants
    }

    /// Follow a table: what is committed to it after this ends reaches the socket. `None`: the table is not switched on.
    ///
    /// # Errors
    /// While the app's database cannot be reached, or a transaction that writes to the table does not end.
    pub async fn subscribe(
        &self,
        socket: &Arc<Socket>,
        identity: &Identity,
        table: &str,
        filter: RowFilter,
    ) -> ApiResult<Option<TableSubscription>> {
        let (answer, answered) = oneshot::channel();
        let subscriber = Subscriber { socket: Arc::clone(socket), identity: identity.clone(), filter };
        let request = Request { table: table.into(), subscriber, answer };
        if self.feed(&socket.app).requests.send(request).await.is_err() {
            // Its task is gone, and takes no more.
            self.lock().remove(&socket.app);
        }
        let stopped = |_| ApiError::unavailable(POSTGRESQL, "the changes of the app are not read now");
        answered.await.map_err(stopped)?
    }

    /// Tables of these apps have changed: on this node, or on another.
    fn wake(&self, app: &str) {
        if let Some(feed) = self.lock().get(app) {
            feed.wake.notify_one();
        }
    }

    /// Wake feeds when this node commits changes, and tell the other nodes.
    pub async fn follow_own(&self) {
        let wakes = self.0.tenants.change_wakes();
        loop {
            wakes.woken().await;
            let apps: Vec<_> = wakes.take().into_iter().collect();
            apps.iter().for_each(|app| self.wake(app));
            if let Err(error) = self.0.store.realtime().tell_changes(&self.0.node, &apps).await {
                // They ask by themselves, a second later.
                tracing::debug!(%error, "other nodes were not told of changes");
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    /// Wake feeds when other nodes commit changes.
    pub async fn follow_others(&self) {
        let mut told = self.0.store.told_changes();
        while let Some((node, app)) = told.next().await {
            if *node != *self.0.node {
                self.wake(&app);
            }
        }
    }

    /// The feed of an app; it is started where there is none.
    fn feed(&self, app: &str) -> Arc<FeedHandle> {
        let mut feeds = self.lock();
        if let Some(feed) = feeds.get(app) {
            return Arc::clone(feed);
        }
        let (requests, receiver) = mpsc::channel(REQUESTS_MAX);
        let handle = Arc::new(FeedHandle { requests, wake: Notify::new() });
        feeds.insert(app.into(), Arc::clone(&handle));
        let mut feed = Feed::new(app, self.0.tenants.clone(), Arc::clone(&handle), receiver);
        let shared = Arc::clone(&self.0);
        self.0.tasks.service(async move {
            loop {
                feed.read_while_used().await;
                if shared.end(&mut feed) {
                    return;
                }
            }
        });
        handle
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<FeedHandle>>> {
        self.0.lock()
    }
}

impl Shared {
    /// End a feed that is not used. `false`: it is, by now.
    fn end(&self, feed: &mut Feed) -> bool {
        let mut feeds = self.lock();
        // One beyond the map's and the feed's own is about to be used, or has been: then a request is there.
        if Arc::strong_count(&feed.handle) > 2 || !feed.requests.is_empty() {
            return false;
        }
        feeds.remove(&feed.app);
        true
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<FeedHandle>>> {
        self.feeds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
