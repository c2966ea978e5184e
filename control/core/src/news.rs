//! Who has to hear of changes: everything that keeps answers in memory, on this node at once, on the others by `NOTIFY`.

use std::sync::Arc;

use super::invoke::Targets;
use crate::app_config::Configs;
use crate::auth::{Authenticator, TokenVerifier};
use mayfly_store::{Change, ChangeKind, Store};

/// Spreads the news. Cheap to clone.
#[derive(Debug, Clone)]
pub struct News {
    inner: Arc<Listeners>,
}

/// Those who listen.
#[derive(Debug)]
pub struct Listeners {
    /// Functions.
    pub targets: Targets,
    /// Keys.
    pub authenticator: Authenticator,
    /// End users' tokens.
    pub tokens: TokenVerifier,
    /// Settings of apps.
    pub configs: Configs,
}

impl News {
    /// For these.
    pub fn new(listeners: Listeners) -> Self {
        Self { inner: Arc::new(listeners) }
    }

    /// An app changed: its settings, keys, issuers, or whether it is there at all.
    pub fn app_changed(&self, app: &str) {
        self.inner.targets.invalidate(app);
        self.inner.authenticator.forget_keys();
        self.inner.tokens.invalidate(app);
        self.inner.configs.invalidate(app);
    }

    /// Follow the news of all nodes, for as long as the server runs.
    pub async fn follow(self, store: Store) {
        let mut changes = store.subscribe();
        while let Some(change) = changes.next().await {
            match change {
                Change::Changed { app_id, kind: ChangeKind::App, .. } => self.app_changed(&app_id),
                // Whoever holds connections to it listens for itself.
                Change::Changed { kind: ChangeKind::Database, .. } => {}
                Change::Changed { app_id, .. } => self.inner.targets.invalidate(&app_id),
                Change::Resync => {
                    self.inner.targets.invalidate_all();
                    self.inner.authenticator.forget_keys();
                    self.inner.tokens.invalidate_all();
                    self.inner.configs.invalidate_all();
                }
            }
        }
    }
}
