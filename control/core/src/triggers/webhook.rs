//! Webhook triggers: signed requests of providers. A delivery is verified, then kept; the ledger is the table of deliveries.

mod config;
mod event;
mod inbox;
mod job;
mod payload;
mod providers;
mod run;
mod signature;
mod trigger;
mod use_cases;

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_secrets::KeyRing;
use mayfly_store::{DeliveryOutcome, Store, StoreError};
use serde_json::Value;
use tokio::sync::Notify;

use super::run::TriggerRunner;
use super::settler::{Ledger, Settler};

use crate::triggers::in_flight::InFlight;
pub(crate) use config::Webhook;
pub use inbox::WebhookAnswer;
pub(crate) use payload::delivery_name;
pub use providers::HostAnswer;
pub use run::FunctionAnswer;
pub(crate) use trigger::{SECRETS_NAME, seal};

/// A stored config as it is shown: without its secrets.
pub(crate) fn shown(config: &Value) -> Value {
    // What cannot be read is not shown either: it may hold a secret.
    config::StoredWebhookConfig::read(config).map_or(Value::Null, |config| config.shown())
}

/// Use cases of webhook triggers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Webhooks {
    store: Store,
    keyring: Arc<KeyRing>,
    runner: TriggerRunner,
    tasks: Tasks,
    node: Arc<str>,
    settler: Settler<DeliveryOutcome>,
    /// What this node runs now.
    in_flight: InFlight<String>,
    /// Wakes this node's job.
    wake: Arc<Notify>,
}

/// What [`Webhooks`] work with.
#[derive(Debug)]
pub struct WebhookParts {
    /// The platform's tables.
    pub store: Store,
    /// Decrypts secrets, encrypts deliveries.
    pub keyring: Arc<KeyRing>,
    /// Starts functions.
    pub runner: TriggerRunner,
    /// What a shutdown waits for.
    pub tasks: Tasks,
    /// This node.
    pub node: Arc<str>,
}

impl Webhooks {
    /// Use cases over these parts.
    pub fn new(parts: WebhookParts) -> Self {
        let WebhookParts { store, keyring, runner, tasks, node } = parts;
        let ledger = DeliveryLedger { store: store.clone(), node: Arc::clone(&node) };
        let settler = Settler::start(&tasks, ledger);
        Self {
            store,
            keyring,
            runner,
            tasks,
            node,
            settler,
            in_flight: InFlight::default(),
            wake: Arc::default(),
        }
    }
}

/// Outcomes of deliveries.
struct DeliveryLedger {
    store: Store,
    node: Arc<str>,
}

impl Ledger for DeliveryLedger {
    type Outcome = DeliveryOutcome;
    const WHAT: &'static str = "webhook deliveries";

    async fn settle(&self, outcomes: &[DeliveryOutcome]) -> Result<u64, StoreError> {
        self.store.webhooks().settle(&self.node, outcomes).await
    }
}
