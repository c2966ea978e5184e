//! Leases of shared jobs, in the platform's database.

use std::time::Duration;

use mayfly_api::ids;
use mayfly_common::jobs::Leases;
use mayfly_store::Store;

/// Takes leases for this node.
#[derive(Debug)]
pub struct StoreLeases {
    store: Store,
    /// Another one at each start: a node that comes back is another node.
    node: String,
}

impl StoreLeases {
    /// Leases for a node that starts now.
    pub fn new(store: Store) -> Self {
        Self { store, node: ids::node_id() }
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
