//! The workers of a node: one for each app that has something to do, started when it is woken.

use std::sync::Arc;

use mayfly_store::Store;

use super::QueueParts;
use super::registry::{Call, Registry};
use super::worker::Worker;

/// All workers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Workers(Arc<Registry>);

impl Workers {
    pub(super) fn new(parts: QueueParts) -> Self {
        Self(Arc::new(Registry::new(parts)))
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.parts.store
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.0.is_stopping()
    }

    /// The app may have something to do.
    pub(super) fn wake(&self, app: &Arc<str>) {
        let Some(call) = self.0.call(app) else { return };
        let leaves = Leaves { registry: Arc::clone(&self.0), app: Arc::clone(app), call };
        self.0.parts.tasks.work(async move {
            let Leaves { registry, app, call } = &leaves;
            let Ok(_slot) = Arc::clone(&registry.slots).acquire_owned().await else { return };
            Worker::new(Arc::clone(registry), Arc::clone(app), Arc::clone(call)).run().await;
        });
    }
}

/// A worker whose task dies is no longer in the way of the next one.
struct Leaves {
    registry: Arc<Registry>,
    app: Arc<str>,
    call: Arc<Call>,
}

impl Drop for Leaves {
    fn drop(&mut self) {
        self.registry.gone(&self.app, &self.call);
    }
}
