//! Builds the use cases from what they stand on.

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_core::admission::Admission;
use mayfly_core::agents::{AgentToolParts, AgentTools, Agents, ToolServerParts, ToolServers};
use mayfly_core::app_cache::AppCache;
use mayfly_core::apps::Apps;
use mayfly_core::auth::admin::AdminKey;
use mayfly_core::auth::{Authenticator, AuthenticatorParts, KeyCache, TokenVerifier};
use mayfly_core::changes::ChangeFeeds;
use mayfly_core::deploy::Deploy;
use mayfly_core::env::Env;
use mayfly_core::explain::Explain;
use mayfly_core::function_management::Functions;
use mayfly_core::functions::{FunctionCache, Rollouts};
use mayfly_core::health::Health;
use mayfly_core::hosts::AppHosts;
use mayfly_core::hot::{HotCompiler, HotCompilerParts};
use mayfly_core::invalidation::{CacheInvalidator, Caches};
use mayfly_core::invoke::{Capabilities, Enqueuer, Execution, Invoker, InvokerParts, Records};
use mayfly_core::jobs::{JobParts, Reencryption, Retention};
use mayfly_core::keys::Keys;
use mayfly_core::logs::Logs;
use mayfly_core::runs::{RunParts, Runs};
use mayfly_core::schema::Schemas;
use mayfly_core::sockets::{Channels, Hub, Presence, Publisher};
use mayfly_core::sql::Sql;
use mayfly_core::storage::{GuestStorage, Presigner, Storage};
use mayfly_core::test_call::TestCalls;
use mayfly_core::tokens::Tokens;
use mayfly_core::triggers::cron::{CronJob, CronParts, CronTriggers};
use mayfly_core::triggers::queue::{QueueJob, QueueParts, Queues};
use mayfly_core::triggers::s3_upload::{UploadParts, Uploads};
use mayfly_core::triggers::webhook::{WebhookParts, Webhooks};
use mayfly_core::triggers::websocket::{WebsocketParts, Websockets};
use mayfly_core::triggers::{PromisedJob, TriggerRunner, Triggers};
use mayfly_core::usage::Usages;
use mayfly_core::verify::Verify;
use mayfly_egress::EgressClient;
use mayfly_jwt::jwks::Jwks;
use mayfly_ledger::Ledger;
use mayfly_quota::{ConcurrencyLimiter, CpuScheduler, Daily};
use mayfly_runtime::Engine;
use mayfly_secrets::KeyRing;
use mayfly_storage::blobs::Blobs;
use mayfly_storage::keys::StorageKeys;
use mayfly_storage::{Objects, StorageSweep};
use mayfly_store::{EngineBuild, Sink, Store};
use mayfly_tenant_db::tenant::Tenants;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::use_cases::{UseCaseParts, UseCases};

/// Sandboxes that may run beside as many as there are processors: of apps that use little.
const CPU_SLOTS_BESIDE: u32 = 2;

/// What the use cases stand on.
pub(super) struct Foundation {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) tenants: Tenants,
    pub(super) keyring: Arc<KeyRing>,
    pub(super) egress: EgressClient,
    pub(super) blobs: Arc<dyn Blobs>,
    pub(super) sink: Sink,
    /// Names of hosts under which apps are reached.
    pub(super) hosts: AppHosts,
    /// The bytes that are held for apps.
    pub(super) ledger: Ledger,
    pub(super) tasks: Tasks,
    /// Fires when a shutdown begins.
    pub(super) stop: CancellationToken,
    /// This node: another one at each start, since a node that comes back is another node.
    pub(super) node: Arc<str>,
}

/// The caches of a node, before anything uses them.
struct NodeCaches {
    apps: AppCache,
    keys: KeyCache,
    functions: FunctionCache,
    sockets: Hub,
    invalidator: CacheInvalidator,
}

impl NodeCaches {
    fn new(foundation: &Foundation, config: &Config) -> Self {
        let store = &foundation.store;
        let apps = AppCache::new(store.clone(), Arc::clone(&foundation.keyring));
        let keys = KeyCache::new(store.clone());
        let engine = &foundation.engine;
        let compiler = if config.compile_hot { engine.compiler_digest() } else { "" };
        let functions = FunctionCache::new(store.clone(), EngineBuild { engine: engine.digest(), compiler });
        let sockets = Hub::new(config.sockets);
        let caches = Caches {
            apps: apps.clone(),
            keys: keys.clone(),
            functions: functions.clone(),
            sockets: sockets.clone(),
        };
        Self { apps, keys, functions, sockets, invalidator: CacheInvalidator::new(caches) }
    }
}

/// The use cases, and the jobs beside them.
pub(super) fn build(
    foundation: Foundation,
    config: &Config,
    admin_key: &str,
    public_url: &str,
) -> (UseCases, JobParts) {
    let caches = NodeCaches::new(&foundation, config);
    let daily = Daily::new(foundation.store.clone());
    let (store, tenants, engine) =
        (foundation.store.clone(), foundation.tenants.clone(), foundation.engine.clone());
    let (tasks, stop, node) =
        (foundation.tasks.clone(), foundation.stop.clone(), Arc::clone(&foundation.node));
    let hosts = foundation.hosts.clone();
    let reencryption = Reencryption { store: store.clone(), keyring: Arc::clone(&foundation.keyring) };
    let retention = Retention { store: store.clone(), days: config.records_days };
    let (apps, invalidator) = (caches.apps.clone(), caches.invalidator.clone());
    let channels = channels(&foundation, &caches);
    let changes = ChangeFeeds::new(
        tenants.clone(),
        store.clone(),
        foundation.tasks.clone(),
        Arc::clone(&foundation.node),
    );
    let keys = StorageKeys::new(store.clone(), Arc::clone(&foundation.keyring));
    let uploaded = Arc::default();
    let objects = Objects::new(store.clone(), Arc::clone(&foundation.blobs), Arc::clone(&uploaded));
    let storage_sweep = StorageSweep::new(objects.clone());
    let presigner = Presigner::new(keys.clone(), public_url.into());
    let guest =
        GuestStorage { objects: objects.clone(), presigner: presigner.clone(), apps: caches.apps.clone() };
    let storage = Storage::new(objects, keys, presigner, caches.apps.clone());
    let shared = SharedParts { channels: &channels, changes: changes.clone(), storage, guest, uploaded };
    let parts = use_cases(foundation, caches, shared, daily.clone(), config, admin_key, public_url);
    let (runner, wake) = (parts.runner.clone(), Arc::clone(&parts.cron.wake));
    let queues = QueueJob::new(parts.queues.clone());
    let webhooks = PromisedJob::new(parts.webhooks.clone(), stop.clone());
    let uploads = PromisedJob::new(parts.uploads.clone(), stop.clone());
    let cron = CronJob::new(CronParts { store: store.clone(), runner, tasks, stop, wake, node });
    let jobs = JobParts {
        store,
        tenants,
        apps,
        engine,
        invalidator,
        daily,
        reencryption,
        retention,
        cron,
        webhooks,
        queues,
        uploads,
        storage_sweep,
        channels,
        changes,
        hosts,
    };
    (UseCases::new(parts), jobs)
}

/// What sockets share over all nodes.
fn channels(foundation: &Foundation, caches: &NodeCaches) -> Channels {
    let (store, node) = (foundation.store.clone(), Arc::clone(&foundation.node));
    let publisher = Publisher::start(&foundation.tasks, store.clone(), Arc::clone(&node));
    let presence = Presence::new(store.clone(), publisher.clone(), node);
    Channels { store, hub: caches.sockets.clone(), publisher, presence }
}

/// What use cases share with each other and with the jobs.
struct SharedParts<'a> {
    channels: &'a Channels,
    changes: ChangeFeeds,
    storage: Storage,
    guest: GuestStorage,
    /// Told when an object starts functions.
    uploaded: Arc<Notify>,
}

fn use_cases(
    foundation: Foundation,
    caches: NodeCaches,
    shared: SharedParts<'_>,
    daily: Daily,
    config: &Config,
    admin_key: &str,
    public_url: &str,
) -> UseCaseParts {
    let Foundation {
        engine,
        store,
        tenants,
        keyring,
        egress,
        blobs: _,
        sink,
        hosts,
        ledger,
        tasks,
        stop,
        node,
    } = foundation;
    let SharedParts { channels, changes, storage, guest, uploaded } = shared;
    let NodeCaches { apps: app_cache, keys: key_cache, functions: function_cache, sockets: _, invalidator } =
        caches;
    let authenticator = Authenticator::new(AuthenticatorParts {
        store: store.clone(),
        admin: AdminKey::new(admin_key),
        keys: key_cache,
        tokens: TokenVerifier::new(app_cache.clone(), Jwks::new(Arc::new(egress.clone()))),
        functions: function_cache.clone(),
    });
    let concurrency = ConcurrencyLimiter::new(config.invocations_max, config.invocations_per_app_max);
    let cpu_scheduler = CpuScheduler::new(processors(), CPU_SLOTS_BESIDE);
    let rollouts = Rollouts::new(store.clone(), function_cache.clone(), tasks.clone());
    let admission =
        Admission { apps: app_cache.clone(), concurrency: concurrency.clone(), daily: daily.clone() };
    let hot = if config.compile_hot {
        HotCompiler::new(HotCompilerParts {
            engine: engine.clone(),
            store: store.clone(),
            functions: function_cache.clone(),
            daily: daily.clone(),
            tasks: tasks.clone(),
        })
    } else {
        HotCompiler::off()
    };
    let enqueuer = Enqueuer::new(store.clone(), tenants.clone(), function_cache.clone());
    let invoker = Invoker::new(InvokerParts {
        execution: Execution {
            engine: engine.clone(),
            hot: hot.clone(),
            cpu_scheduler: cpu_scheduler.clone(),
            ledger: ledger.clone(),
            daily: daily.clone(),
            tasks: tasks.clone(),
        },
        records: Records { store: store.clone(), sink: sink.clone() },
        capabilities: Capabilities {
            tenants: tenants.clone(),
            egress: egress.clone(),
            keyring: Arc::clone(&keyring),
            publisher: channels.publisher.clone(),
            storage: guest,
            api_url: public_url.into(),
            enqueuer: enqueuer.clone(),
            functions: function_cache.clone(),
            admission: admission.clone(),
        },
        rollouts: rollouts.clone(),
    });
    let keys = Keys { store: store.clone(), invalidator: invalidator.clone() };
    let tokens = Tokens {
        store: store.clone(),
        keyring: Arc::clone(&keyring),
        apps: app_cache.clone(),
        invalidator: invalidator.clone(),
    };
    let env =
        Env { store: store.clone(), keyring: Arc::clone(&keyring), function_cache: function_cache.clone() };
    let runner = TriggerRunner {
        functions: function_cache.clone(),
        admission: admission.clone(),
        invoker: invoker.clone(),
        base: public_url.into(),
    };
    let webhooks = Webhooks::new(WebhookParts {
        store: store.clone(),
        keyring: Arc::clone(&keyring),
        runner: runner.clone(),
        tasks: tasks.clone(),
        node: Arc::clone(&node),
    });
    let queues = Queues::new(QueueParts {
        store: store.clone(),
        tenants: tenants.clone(),
        enqueuer,
        runner: runner.clone(),
        tasks: tasks.clone(),
        stop: stop.clone(),
        node: Arc::clone(&node),
    });
    let uploads = Uploads::new(UploadParts {
        store: store.clone(),
        runner: runner.clone(),
        tasks: tasks.clone(),
        node,
        wake: uploaded,
    });
    let schemas = Schemas { tenants: tenants.clone(), store: store.clone() };
    let deploy = Deploy::new(
        store.clone(),
        engine.clone(),
        env.clone(),
        function_cache.clone(),
        schemas.clone(),
        tasks.clone(),
        admission.daily.clone(),
    );
    let websockets = Websockets::new(WebsocketParts {
        apps: app_cache,
        authenticator: authenticator.clone(),
        runner: runner.clone(),
        hub: channels.hub.clone(),
        publisher: channels.publisher.clone(),
        changes: changes.clone(),
        presence: channels.presence.clone(),
    });
    let agents = Agents::new(
        store.clone(),
        config.policy.clone(),
        mayfly_mcp::tool_names().into(),
        Arc::clone(&keyring),
    );
    let logs = Logs::new(store.clone(), invoker.clone(), sink.clone(), stop.clone());
    let tool_servers = ToolServers::new(ToolServerParts {
        store: store.clone(),
        keyring: Arc::clone(&keyring),
        functions: function_cache.clone(),
        egress: egress.clone(),
        ledger: ledger.clone(),
        programs: Arc::clone(&config.mcp_programs),
        tasks: tasks.clone(),
    });
    let agent_tools = AgentTools::new(AgentToolParts {
        store: store.clone(),
        functions: function_cache.clone(),
        admission: admission.clone(),
        invoker: invoker.clone(),
        agents: agents.clone(),
        servers: tool_servers.clone(),
        base: public_url.into(),
    });
    let runs = Runs::new(RunParts {
        functions: function_cache.clone(),
        engine: engine.clone(),
        cpu_scheduler: cpu_scheduler.clone(),
        invoker: invoker.clone(),
        tools: agent_tools.clone(),
        logs: logs.clone(),
        tasks,
    });
    UseCaseParts {
        apps: Apps {
            store: store.clone(),
            tenants: tenants.clone(),
            keyring: Arc::clone(&keyring),
            keys: keys.clone(),
            tokens: tokens.clone(),
            invalidator,
            hosts,
        },
        keys,
        tokens,
        functions: Functions {
            store: store.clone(),
            env: env.clone(),
            cache: function_cache.clone(),
            rollouts,
            sink: sink.clone(),
            deploy,
            schemas: schemas.clone(),
        },
        env,
        sql: Sql { tenants: tenants.clone() },
        schemas: schemas.clone(),
        triggers: Triggers { store: store.clone(), invoker: invoker.clone() },
        cron: CronTriggers { store: store.clone(), wake: Arc::default() },
        webhooks,
        queues,
        uploads,
        storage,
        runner,
        logs,
        agents,
        agent_tools,
        tool_servers,
        runs,
        explain: Explain { store: store.clone(), invoker: invoker.clone(), schemas: schemas.clone() },
        usages: Usages { store: store.clone(), invoker: invoker.clone() },
        verify: Verify {
            store: store.clone(),
            keyring,
            engine,
            cpu_scheduler,
            hot: hot.clone(),
            invoker: invoker.clone(),
        },
        health: Health { store, tenants, sink, concurrency, hot, stop },
        test_calls: TestCalls { functions: function_cache.clone(), invoker: invoker.clone() },
        resolver: function_cache,
        authenticator,
        admission,
        invoker,
        websockets,
        changes,
    }
}

/// As many sandboxes run at one moment as there are processors for them.
fn processors() -> u32 {
    std::thread::available_parallelism().map_or(2, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}
