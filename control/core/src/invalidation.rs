//! `CacheInvalidator`: tells every cache of a change, on this node at once, on the others by `LISTEN/NOTIFY`.

use std::sync::Arc;

use mayfly_store::{Change, ChangeKind, Store};

use crate::app_cache::AppCache;
use crate::auth::KeyCache;
use crate::functions::FunctionCache;
use crate::sockets::Hub;

/// Tells every cache of a change. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CacheInvalidator {
    caches: Arc<Caches>,
}

/// The caches of a node.
#[derive(Debug)]
pub struct Caches {
    /// Apps: rows, settings, token keys.
    pub apps: AppCache,
    /// API keys.
    pub keys: KeyCache,
    /// Functions: versions, triggers, environments.
    pub functions: FunctionCache,
    /// Open sockets, whose clients may be refused from now on.
    pub sockets: Hub,
}

impl CacheInvalidator {
    /// For these caches.
    pub fn new(caches: Caches) -> Self {
        Self { caches: Arc::new(caches) }
    }

    /// An app changed: its settings, keys, issuers, or whether it is there at all.
    pub fn app_changed(&self, app: &str) {
        self.caches.apps.invalidate(app);
        self.caches.keys.invalidate_all();
        self.caches.functions.invalidate(app);
        self.caches.sockets.changed(app);
    }

    /// A function of an app changed.
    pub fn functions_changed(&self, app: &str) {
        self.caches.functions.invalidate(app);
    }

    /// An app's keys changed: the next request looks them up again.
    pub fn keys_changed(&self) {
        self.caches.keys.invalidate_all();
    }

    /// Follow the changes of all nodes, for as long as the server runs.
    pub async fn follow(self, store: Store) {
        let mut changes = store.subscribe();
        while let Some(change) = changes.next().await {
            match change {
                Change::Changed { app_id, kind: ChangeKind::App, .. } => self.app_changed(&app_id),
                // Those who hold connections to it listen themselves.
                Change::Changed { kind: ChangeKind::Database, .. } => {}
                Change::Changed { app_id, .. } => self.functions_changed(&app_id),
                Change::Resync => {
                    self.caches.apps.invalidate_all();
                    self.caches.keys.invalidate_all();
                    self.caches.functions.invalidate_all();
                    self.caches.sockets.all_changed();
                }
            }
        }
    }
}
