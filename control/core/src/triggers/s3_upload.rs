//! Upload triggers: objects that are written. The ledger has a row for each function and object version; it is written
//! with the object, in one transaction.

mod config;
mod event;
mod job;
mod notify;
mod run;
mod use_cases;

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_store::{Store, StoreError, UploadOutcome};
use tokio::sync::Notify;

use super::in_flight::InFlight;
use super::run::TriggerRunner;
use super::settler::{Ledger, Settler};

pub(crate) use config::S3Upload;

/// Use cases of upload triggers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Uploads {
    store: Store,
    runner: TriggerRunner,
    tasks: Tasks,
    node: Arc<str>,
    settler: Settler<UploadOutcome>,
    /// What this node runs now.
    in_flight: InFlight<String>,
    /// Wakes this node's job.
    wake: Arc<Notify>,
}

/// What [`Uploads`] work with.
#[derive(Debug)]
pub struct UploadParts {
    /// The platform's tables.
    pub store: Store,
    /// Starts functions.
    pub runner: TriggerRunner,
    /// What a shutdown waits for.
    pub tasks: Tasks,
    /// This node.
    pub node: Arc<str>,
    /// Told by storage when a write starts functions.
    pub wake: Arc<Notify>,
}

impl Uploads {
    /// Use cases over these parts.
    pub fn new(parts: UploadParts) -> Self {
        let UploadParts { store, runner, tasks, node, wake } = parts;
        let ledger = UploadLedger { store: store.clone(), node: Arc::clone(&node) };
        let settler = Settler::start(&tasks, ledger);
        Self { store, runner, tasks, node, settler, in_flight: InFlight::default(), wake }
    }
}

/// Outcomes of upload events.
struct UploadLedger {
    store: Store,
    node: Arc<str>,
}

impl Ledger for UploadLedger {
    type Outcome = UploadOutcome;
    const WHAT: &'static str = "upload events";

    async fn settle(&self, outcomes: &[UploadOutcome]) -> Result<u64, StoreError> {
        self.store.storage_events().settle(&self.node, outcomes).await
    }
}
