//! Background jobs: one file a job, all of one shape. Adding one is a copy of the last and a line in [`start`].

mod app_hosts;
mod app_recovery;
mod cache_invalidation;
mod change_notifications;
mod claims_sweep;
mod daily_quotas;
mod idle_images;
mod leases;
mod realtime_changes;
mod realtime_messages;
mod realtime_presence;
mod reencryption;
mod retention;
mod warden;

use mayfly_common::jobs::JobRunner;
use mayfly_common::tasks::Tasks;
use mayfly_quota::Daily;
use mayfly_runtime::Engine;
use mayfly_storage::StorageSweep;
use mayfly_store::Store;
use mayfly_tenant_db::tenant::Tenants;

use crate::app_cache::AppCache;
use crate::changes::ChangeFeeds;
use crate::hosts::AppHosts;
use crate::invalidation::CacheInvalidator;
use crate::sockets::Channels;
use crate::triggers::PromisedJob;
use crate::triggers::cron::CronJob;
use crate::triggers::queue::QueueJob;
use crate::triggers::s3_upload::Uploads;
use crate::triggers::webhook::Webhooks;

pub use leases::StoreLeases;
pub use reencryption::{Reencrypted, Reencryption};
pub use retention::Retention;

/// What the jobs work with.
#[derive(Debug)]
pub struct JobParts {
    /// The platform's tables.
    pub store: Store,
    /// The apps' databases.
    pub tenants: Tenants,
    /// Apps and their limits.
    pub apps: AppCache,
    /// Compiled images.
    pub engine: Engine,
    /// Every cache.
    pub invalidator: CacheInvalidator,
    /// The daily quotas.
    pub daily: Daily,
    /// Re-encrypts with the current key.
    pub reencryption: Reencryption,
    /// For how long records are kept.
    pub retention: Retention,
    /// Plans and starts cron slots.
    pub cron: CronJob,
    /// Starts webhook deliveries that were promised.
    pub webhooks: PromisedJob<Webhooks>,
    /// Wakes what works off apps' jobs.
    pub queues: QueueJob,
    /// Starts functions for objects that were written.
    pub uploads: PromisedJob<Uploads>,
    /// Deletes stored bytes that nothing names any more.
    pub storage_sweep: StorageSweep,
    /// What arrives for the sockets of this node.
    pub channels: Channels,
    /// What tells sockets of tables' changes.
    pub changes: ChangeFeeds,
    /// Names of hosts under which apps are reached.
    pub hosts: AppHosts,
}

/// Start every job.
pub fn start(tasks: Tasks, node: &str, parts: JobParts) -> JobRunner<StoreLeases> {
    let mut runner = JobRunner::new(tasks, StoreLeases::new(parts.store.clone(), node));
    runner.start(parts.reencryption);
    runner.start(idle_images::IdleImages { engine: parts.engine });
    runner.start(change_notifications::ChangeNotifications(parts.store.clone()));
    runner
        .start(cache_invalidation::CacheInvalidation { store: parts.store, invalidator: parts.invalidator });
    runner.start(app_hosts::AppHostsJob(parts.hosts));
    runner.start(parts.cron);
    runner.start(parts.webhooks);
    runner.start(parts.queues);
    runner.start(parts.uploads);
    runner.start(parts.storage_sweep);
    runner.start(realtime_presence::RealtimePresence { channels: parts.channels.clone() });
    runner.start(realtime_messages::RealtimeMessages { channels: parts.channels });
    runner.start(realtime_changes::RealtimeChanges { changes: parts.changes });
    runner.start(parts.retention);
    runner.start(daily_quotas::DailyQuotas { daily: parts.daily });
    runner.start(claims_sweep::ClaimsSweep { tenants: parts.tenants.clone() });
    runner.start(warden::WardenJob::new(parts.tenants.clone(), parts.apps));
    runner.start(app_recovery::AppRecovery { tenants: parts.tenants });
    runner
}
