//! Leases of shared jobs, in the platform's database.

use std::time::Duration;

use mayfly_common::jobs::Leases;
use mayfly_store::Store;

/// Takes leases for this node.
#[derive(Debug)]
pub struct StoreLeases {
    store: Store,
    node: String,
}

impl StoreLeases {
    /// Leases for a node.
    pub fn new(store: Store, node: &str) -> Self {
        Self { store, node: node.to_owned() }
    }
}

impl Leases for StoreLeases {
    async fn take(&self, name: &'static str, duration: Duration) -> bool {
        match self.store.leases().take(name, &self.node, duration).await {
            Ok(taken) => taken,
            Err(error) => {
                tracing::warn!(job = name, %error, "the lease of a job cannot be taken now");
                false
            }
        }
    }
}
