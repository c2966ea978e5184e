//! The one door into the sandbox: find what serves, lend it what it may use, run it, record it.

mod choose;
mod context;
mod fault;
mod grants;
mod http_trigger;
mod images;
mod mapping;
mod masking;
mod record;
mod recording;
mod running;
mod tails;
mod target;
#[cfg(test)]
pub(crate) mod testing;

use std::net::IpAddr;
use std::sync::Arc;

use mayfly_runtime::{Call, Engine, Hangup, Limits, Outcome, Request};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::auth::Caller;
use crate::rollouts::Rollouts;
use mayfly_api::error::ApiResult;
use mayfly_api::ids;
use mayfly_common::clock;
use mayfly_common::tasks::Tasks;
use mayfly_egress::EgressClient;
use mayfly_quota::{ConcurrencyPermit, CpuScheduler, Daily};
use mayfly_secrets::KeyRing;
use mayfly_store::{InvocationRecord, Sink, Store};
use mayfly_telemetry::trace::Trace;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::Tenants;

pub(crate) use choose::choose;
pub use http_trigger::{HttpAuth, HttpTrigger};
pub use recording::{RECORDING_BYTES_MAX, recording_name};
pub use running::Running;
pub use target::check_paused;
pub use target::{TRIGGER_PATH_BYTES_MAX, Target, Targets};

use images::Images;
use record::Begun;
use tails::Tails;

/// Runs functions. Cheap to clone.
#[derive(Clone)]
pub struct Invoker {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    store: Store,
    keyring: Arc<KeyRing>,
    tenants: Tenants,
    outbound: EgressClient,
    sink: Sink,
    tasks: Tasks,
    images: Images,
    tails: Tails,
    /// `BUTTERBASE_API_URL`
    api_url: Arc<str>,
    daily: Daily,
    turns: CpuScheduler,
    rollouts: Rollouts,
}

/// What an [`Invoker`] works with.
#[derive(Debug)]
pub struct InvokerParts {
    /// Runs sandboxes.
    pub engine: Engine,
    /// The platform's tables.
    pub store: Store,
    /// Opens environments.
    pub keyring: Arc<KeyRing>,
    /// The apps' databases.
    pub tenants: Tenants,
    /// The way out.
    pub outbound: EgressClient,
    /// Where records go.
    pub sink: Sink,
    /// What shutdown waits for.
    pub tasks: Tasks,
    /// The public address.
    pub api_url: Arc<str>,
    /// What apps used of the day.
    pub daily: Daily,
    /// The CPU scheduler.
    pub turns: CpuScheduler,
    /// Told how versions that are rolled out do.
    pub rollouts: Rollouts,
}

/// What started a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// A request to its URL.
    Http,
    /// The management route.
    Invoke,
}

/// One invocation to be.
#[derive(Debug)]
pub struct Invocation {
    /// What runs.
    pub target: Arc<Target>,
    /// What it is asked.
    pub request: Request,
    /// The request's path without its query, for the record.
    pub path: String,
    /// By whom.
    pub caller: Caller,
    /// Whom the database takes it for.
    pub identity: Identity,
    /// What started it.
    pub trigger: Trigger,
    /// The request that it belongs to.
    pub request_id: Arc<str>,
    /// Where that came from.
    pub ip: IpAddr,
    /// The trace that the caller put it in.
    pub trace: Option<Trace>,
    /// Room for it.
    pub slot: ConcurrencyPermit,
}

impl Trigger {
    /// As records write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Invoke => "invoke",
        }
    }
}

impl Invoker {
    /// One that works with these parts.
    pub fn new(parts: InvokerParts) -> Self {
        let InvokerParts {
            engine,
            store,
            keyring,
            tenants,
            outbound,
            sink,
            tasks,
            api_url,
            daily,
            turns,
            rollouts,
        } = parts;
        let images = Images::new(engine.clone(), store.clone());
        let tails = Tails::default();
        Self {
            inner: Arc::new(Inner {
                engine,
                store,
                keyring,
                tenants,
                outbound,
                sink,
                tasks,
                images,
                tails,
                api_url,
                daily,
                turns,
                rollouts,
            }),
        }
    }

    /// Begin an invocation. A caller that goes away from here on does not end it half-way.
    pub async fn start(&self, invocation: Invocation) -> ApiResult<Running> {
        let Invocation { target, request, path, caller, identity, trigger, request_id, ip, trace, mut slot } =
            invocation;
        let image = self.inner.images.get(&target).await?;
        let grants = self.grants(&target, &identity, trace).await?;
        let id = ids::invocation_id();
        let begun = Begun {
            id: id.clone(),
            request_id: Arc::clone(&request_id),
            trigger,
            method: request.method.clone(),
            path,
            caller: caller.clone(),
            db_role: identity.group(),
            started_at: clock::now(),
        };
        let context = context::json(&target, &caller, trigger, &request_id, ip);
        let limits = Limits { recording_bytes: target.recording_bytes(), ..target.limits.clone() };
        let (line, hangup) = Hangup::pair();
        let call = Call { request, context, grants, limits, hangup };
        let (answer, reply) = oneshot::channel();
        let finished = CancellationToken::new();
        let (this, its_target, at_end) = (self.clone(), Arc::clone(&target), finished.clone().drop_guard());
        let work = self.inner.tasks.attached(async move {
            let (inner, app) = (&*this.inner, &its_target.function.app_id);
            let run = inner.engine.invoke(&image, call, answer);
            let mut outcome = inner.turns.run(Arc::clone(app), slot.weight(), run).await;
            let fuel =
                outcome.usage.fuel + outcome.background.as_ref().map_or(0, |background| background.fuel);
            inner.daily.spend(app, fuel, outcome.usage.egress_bytes);
            slot.spent(fuel);
            drop(slot);
            if let Some(recording) = outcome.recording.take() {
                this.keep(&its_target, &begun.id, image.digest(), &recording).await;
            }
            let record = this.record(&its_target, begun, outcome).await;
            drop(at_end);
            record
        });
        Ok(Running {
            id,
            target,
            invoker: self.clone(),
            line: Some(line),
            reply,
            finished,
            work,
            record: None,
        })
    }

    /// Wait until what has been answered on this node is also recorded, unless its `waitUntil` goes on for longer.
    pub async fn settle(&self, app_id: &str) -> ApiResult<()> {
        self.inner.tails.settle(app_id).await;
        Ok(self.inner.sink.caught_up().await?)
    }

    async fn record(&self, target: &Target, begun: Begun, mut outcome: Outcome) -> Arc<InvocationRecord> {
        masking::outcome(target.mask(), &mut outcome);
        self.map_outcome(target, &mut outcome).await;
        if target.is_candidate {
            let failed = outcome.status.is_none_or(|status| status >= 500);
            self.inner.rollouts.observe(target, failed);
        }
        let record = Arc::new(record::of(target, begun, outcome));
        self.inner.sink.record(Arc::clone(&record)).await;
        record
    }
}

impl std::fmt::Debug for Invoker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invoker").finish_non_exhaustive()
    }
}
