//! Runs functions: loads the image, grants capabilities, runs the sandbox, records the invocation.

mod allowance;
mod context;
mod enqueue;
mod fault;
mod grants;
mod images;
mod keyed;
mod mapping;
mod pending_records;
mod record;
mod recording;
mod redaction;
mod refused;
mod running;
mod scope;
mod script;
mod settlement;
mod siblings;
mod terms;
mod trigger_event;

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use futures_util::future::Either;
use mayfly_api::error::ApiResult;
use mayfly_api::ids;
use mayfly_common::clock;
use mayfly_common::tasks::Tasks;
use mayfly_egress::EgressClient;
use mayfly_ledger::{Account, Ledger};
use mayfly_quota::{ConcurrencyPermit, CpuScheduler, Daily};
use mayfly_runtime::providers::Fetch;
use mayfly_runtime::{Call, Disconnected, Engine, Image, Limits, Outcome, Request};
use mayfly_secrets::KeyRing;
use mayfly_store::{InvocationRecord, Sink, Store};
use mayfly_telemetry::request::RequestContext;
use mayfly_tenant_db::db::ResponseHold;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::Tenants;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::admission::Admission;
use crate::auth::Caller;
use crate::functions::{CachedFunction, FunctionCache, Rollouts, path_within, url_shown};
use crate::hot::HotCompiler;
use crate::sockets::Publisher;
use crate::storage::GuestStorage;

pub use allowance::Allowance;
pub use enqueue::Enqueuer;
pub use keyed::Called;
pub use recording::{RECORDING_BYTES_MAX, recording_name};
pub use running::Running;
pub use scope::{InvocationScope, ToolCalls};
pub use script::CompiledScript;
pub use terms::InvocationTerms;
pub use trigger_event::TriggerEvent;

use grants::Granted;
use images::Images;
use pending_records::PendingRecords;
use record::InvocationStart;
use settlement::Settlement;
use siblings::Siblings;

/// Runs functions. Cheap to clone.
#[derive(Clone)]
pub struct Invoker {
    shared: Arc<Shared>,
}

struct Shared {
    parts: InvokerParts,
    images: Images,
    pending_records: PendingRecords,
}

/// What an [`Invoker`] works with.
#[derive(Debug)]
pub struct InvokerParts {
    /// What runs sandboxes.
    pub execution: Execution,
    /// Where invocations are recorded.
    pub records: Records,
    /// What invocations are granted.
    pub capabilities: Capabilities,
    /// Told how canaries do.
    pub rollouts: Rollouts,
}

/// What runs sandboxes.
#[derive(Debug)]
pub struct Execution {
    /// Compiles images and runs them.
    pub engine: Engine,
    /// Has hot functions compiled.
    pub hot: HotCompiler,
    /// The CPU scheduler.
    pub cpu_scheduler: CpuScheduler,
    /// The bytes that are held for apps.
    pub ledger: Ledger,
    /// The daily quotas.
    pub daily: Daily,
    /// What a shutdown waits for.
    pub tasks: Tasks,
}

/// Where invocations are recorded.
#[derive(Debug)]
pub struct Records {
    /// The platform's tables.
    pub store: Store,
    /// The queue of records that are written.
    pub sink: Sink,
}

/// What invocations are granted.
#[derive(Debug)]
pub struct Capabilities {
    /// The apps' databases.
    pub tenants: Tenants,
    /// `fetch`.
    pub egress: EgressClient,
    /// Decrypts environments.
    pub keyring: Arc<KeyRing>,
    /// `ctx.broadcast`
    pub publisher: Publisher,
    /// `ctx.storage`
    pub storage: GuestStorage,
    /// `BUTTERBASE_API_URL`
    pub api_url: Arc<str>,
    /// `ctx.enqueue`
    pub enqueuer: Enqueuer,
    /// `ctx.invoke`: finds the app's other functions.
    pub functions: FunctionCache,
    /// `ctx.invoke`: the app's limits count for them.
    pub admission: Admission,
}

/// What a sandbox runs.
enum Program {
    /// A version of a function.
    Image(Image),
    /// Code that runs once.
    Script(Arc<CompiledScript>),
}

/// One invocation, before it runs.
#[derive(Debug)]
pub struct Invocation {
    /// The version that runs.
    pub function: Arc<CachedFunction>,
    /// What it is asked.
    pub request: Request,
    /// The request's path without its query, for the record.
    pub path: String,
    /// Who calls.
    pub caller: Caller,
    /// The database role that it runs as.
    pub identity: Identity,
    /// What started it.
    pub trigger: TriggerEvent,
    /// The request that it belongs to.
    pub context: RequestContext,
    /// Its concurrency permit.
    pub permit: ConcurrencyPermit,
    /// The invocation that calls it by `ctx.invoke`.
    pub parent: Option<Arc<InvocationScope>>,
    /// How far it may go, and what it runs.
    pub terms: InvocationTerms,
}

impl Invoker {
    /// One that works with these parts.
    pub fn new(parts: InvokerParts) -> Self {
        let Execution { engine, hot, .. } = &parts.execution;
        let images = Images::new(engine.clone(), hot.clone(), parts.records.store.clone());
        Self { shared: Arc::new(Shared { parts, images, pending_records: PendingRecords::default() }) }
    }

    /// The app's account of the bytes that are held for it.
    pub fn account(&self, app: &str) -> Account {
        self.shared.parts.execution.ledger.account(app)
    }

    /// Begin an invocation. A client that disconnects from here on does not end it half-way.
    ///
    /// # Errors
    /// When the image, the environment or the store cannot be had.
    pub async fn start(&self, invocation: Invocation) -> ApiResult<Running> {
        self.begin(invocation, None).await
    }

    /// The same, for a request whose key is held.
    async fn begin(&self, invocation: Invocation, hold: Option<ResponseHold>) -> ApiResult<Running> {
        let Invocation {
            function,
            mut request,
            path,
            caller,
            identity,
            trigger,
            context,
            mut permit,
            parent,
            terms,
        } = invocation;
        let InvocationTerms { allowance, script, limits, spent, tools } = terms;
        let program = match &script {
            None => Program::Image(self.shared.images.get(&function).await?),
            Some(script) => Program::Script(Arc::clone(script)),
        };
        let asked = grants::Asked { trace: context.trace, socket: trigger.socket(), allowance: &allowance };
        let Granted { mut grants, transaction } = self.grants(&function, &identity, asked).await?;
        let id = ids::invocation_id();
        let within = path_within(&path, &function);
        if let Cow::Owned(shown) = url_shown(&request.url, within, &function) {
            request.url = shown;
        }
        let guest_context = context::json(&function, &caller, &trigger, &context, within);
        let scope = Arc::new(InvocationScope {
            id: id.clone(),
            function: Arc::clone(&function),
            caller,
            identity,
            context,
            parent,
            invoked_fuel: AtomicU64::new(0),
            allowance,
            script: script.clone(),
            tools,
        });
        grants.fetch = grants.fetch.map(|outside| {
            Arc::new(Siblings { invoker: self.clone(), outside, scope: Arc::clone(&scope) }) as Arc<dyn Fetch>
        });
        let start = InvocationStart {
            trigger,
            method: request.method.clone(),
            path,
            started_at: clock::now(),
            scope,
        };
        let limits = limits.unwrap_or_else(|| function.limits.clone());
        let limits = Limits { recording_bytes: function.recording_bytes(), ..limits };
        let (guard, disconnected) = Disconnected::pair();
        let call = Call { request, context: guest_context, grants, limits, disconnected };
        let (answer, reply) = oneshot::channel();
        let (answer, settlement) = if transaction.is_none() && hold.is_none() {
            (answer, None)
        } else {
            let (given, answered) = oneshot::channel();
            (given, Some(Settlement { invocation_id: id.clone(), transaction, hold, answered, answer }))
        };
        let finished = CancellationToken::new();
        let (this, running, at_end) = (self.clone(), Arc::clone(&function), finished.clone().drop_guard());
        let work = self.shared.parts.execution.tasks.attached(async move {
            let (execution, app) = (&this.shared.parts.execution, &running.function.app_id);
            let run = match &program {
                Program::Image(image) => Either::Left(execution.engine.invoke(image, call, answer)),
                Program::Script(script) => {
                    Either::Right(execution.engine.run_script(&script.script, call, answer))
                }
            };
            let run = execution.cpu_scheduler.run(Arc::clone(app), permit.weight(), run);
            let mut outcome = match settlement {
                None => run.await,
                Some(settlement) => {
                    let (mut outcome, fault) = tokio::join!(run, settlement.settle());
                    if let Some(fault) = fault {
                        settlement::overrule(&mut outcome, fault);
                    }
                    outcome
                }
            };
            outcome.usage.fuel += spent;
            let fuel =
                outcome.usage.fuel + outcome.background.as_ref().map_or(0, |background| background.fuel);
            execution.daily.spend(app, fuel, outcome.usage.egress_bytes);
            permit.spent(fuel);
            drop(permit);
            start.scope.ended(fuel);
            let mut compiled = None;
            if let Program::Image(image) = &program {
                execution.hot.sampled(&running, &outcome.samples);
                if let Some(recording) = outcome.recording.take() {
                    this.store_recording(&running, &start.scope.id, image, &recording).await;
                }
                compiled = image.compiled_digest().map(Arc::from);
            }
            let record = this.record(&running, start, outcome, compiled).await;
            drop(at_end);
            record
        });
        Ok(Running {
            id,
            function,
            script,
            invoker: self.clone(),
            guard: Some(guard),
            reply,
            finished,
            work,
            record: None,
        })
    }

    /// Wait until what has been answered on this node is also recorded, unless its `waitUntil` goes on for longer.
    ///
    /// # Errors
    /// When records cannot be written now.
    pub async fn recorded(&self, app_id: &str) -> ApiResult<()> {
        self.shared.pending_records.wait(app_id).await;
        Ok(self.shared.parts.records.sink.caught_up().await?)
    }

    async fn record(
        &self,
        function: &CachedFunction,
        start: InvocationStart,
        mut outcome: Outcome,
        compiled_digest: Option<Arc<str>>,
    ) -> Arc<InvocationRecord> {
        redaction::outcome(function.mask(), &mut outcome);
        self.map_outcome(function, start.scope.script.as_deref(), &mut outcome).await;
        if function.is_canary {
            let failed = outcome.status.is_none_or(|status| status >= 500);
            self.shared.parts.rollouts.observe(function, failed);
        }
        let record = InvocationRecord { compiled_digest, ..record::of(function, start, outcome) };
        let record = Arc::new(record);
        self.shared.parts.records.sink.record(Arc::clone(&record)).await;
        record
    }
}

impl std::fmt::Debug for Invoker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Invoker").finish_non_exhaustive()
    }
}
