//! Queues: jobs that functions store by `ctx.enqueue`, in their app's own database. A job is claimed by one node, run, and
//! settled; the ledger is the app's table of jobs.

mod event;
mod job;
mod registry;
mod run;
mod use_cases;
mod worker;
mod workers;

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_store::Store;
use mayfly_tenant_db::tenant::Tenants;
use tokio_util::sync::CancellationToken;

use super::run::TriggerRunner;
use crate::invoke::Enqueuer;

pub use job::QueueJob;
use workers::Workers;

/// Use cases of queues. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Queues {
    tenants: Tenants,
    enqueuer: Enqueuer,
    workers: Workers,
}

/// What [`Queues`] work with.
#[derive(Debug)]
pub struct QueueParts {
    /// Says whose queues are looked at, and when.
    pub store: Store,
    /// The apps' databases.
    pub tenants: Tenants,
    /// Stores jobs.
    pub enqueuer: Enqueuer,
    /// Starts functions.
    pub runner: TriggerRunner,
    /// What a shutdown waits for.
    pub tasks: Tasks,
    /// Fires when a shutdown begins: nothing is claimed any more.
    pub stop: CancellationToken,
    /// This node.
    pub node: Arc<str>,
}

impl Queues {
    /// Use cases over these parts.
    pub fn new(parts: QueueParts) -> Self {
        let (tenants, enqueuer) = (parts.tenants.clone(), parts.enqueuer.clone());
        Self { tenants, enqueuer, workers: Workers::new(parts) }
    }
}
