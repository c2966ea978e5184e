//! How the use cases are put together.

use std::sync::Arc;

use mayfly_runtime::Engine;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use mayfly_common::tasks::Tasks;
use mayfly_core::admission::Admission;
use mayfly_core::app_config::Configs;
use mayfly_core::apps::Apps;
use mayfly_core::auth::admin::AdminKey;
use mayfly_core::auth::{Authenticator, TokenVerifier};
use mayfly_core::deploy::Deploy;
use mayfly_core::env::Env;
use mayfly_core::functions::Functions;
use mayfly_core::health::Health;
use mayfly_core::invoke::{Invoker, InvokerParts, Targets};
use mayfly_core::keys::Keys;
use mayfly_core::logs::Logs;
use mayfly_core::news::{Listeners, News};
use mayfly_core::rollouts::Rollouts;
use mayfly_core::schema::Schemas;
use mayfly_core::sql::Sql;
use mayfly_core::tokens::Tokens;
use mayfly_core::usage::Usages;
use mayfly_core::verify::Verify;
use mayfly_edge::{Base, Edge, UseCases};
use mayfly_egress::EgressClient;
use mayfly_jwt::jwks::Jwks;
use mayfly_quota::{ConcurrencyLimiter, CpuScheduler, Daily};
use mayfly_secrets::KeyRing;
use mayfly_store::{Sink, Store};
use mayfly_tenant_db::tenant::Tenants;

/// Sandboxes that may run beside as many as there are processors: of apps that use little.
const TURNS_BESIDE: u32 = 2;

/// What the use cases stand on.
pub(super) struct Parts {
    pub(super) engine: Engine,
    pub(super) store: Store,
    pub(super) tenants: Tenants,
    pub(super) keyring: Arc<KeyRing>,
    pub(super) outbound: EgressClient,
}

impl Parts {
    pub(super) fn into_edge(
        self,
        config: &Config,
        admin_key: &str,
        base: Base,
        sink: &Sink,
        tasks: &Tasks,
        stop: &CancellationToken,
    ) -> Edge {
        let Self { engine, store, tenants, keyring, outbound } = self;
        let targets = Targets::new(store.clone(), engine.digest());
        let configs = Configs::new(store.clone());
        let jwks = Jwks::new(Arc::new(outbound.clone()));
        let verifier = TokenVerifier::new(store.clone(), Arc::clone(&keyring), jwks);
        let admin_key = AdminKey::new(admin_key);
        let authenticator = Authenticator::new(store.clone(), admin_key, targets.clone(), verifier.clone());
        let news = News::new(Listeners {
            targets: targets.clone(),
            authenticator: authenticator.clone(),
            tokens: verifier.clone(),
            configs: configs.clone(),
        });
        let tokens =
            Tokens { store: store.clone(), keyring: Arc::clone(&keyring), verifier, news: news.clone() };
        let slots = ConcurrencyLimiter::new(config.invocations_max, config.invocations_per_app_max);
        let daily = Daily::new(store.clone());
        let turns = CpuScheduler::new(turns(), TURNS_BESIDE);
        let rollouts = Rollouts::new(store.clone(), targets.clone(), tasks.clone());
        let keys = Keys { store: store.clone() };
        let env = Env { store: store.clone(), keyring: Arc::clone(&keyring), targets: targets.clone() };
        let invoker = Invoker::new(InvokerParts {
            engine: engine.clone(),
            store: store.clone(),
            keyring: Arc::clone(&keyring),
            tenants: tenants.clone(),
            outbound,
            sink: sink.clone(),
            tasks: tasks.clone(),
            api_url: base.as_str().into(),
            daily: daily.clone(),
            turns: turns.clone(),
            rollouts: rollouts.clone(),
        });
        let verify = Verify {
            store: store.clone(),
            keyring: Arc::clone(&keyring),
            engine: engine.clone(),
            turns,
            invoker: invoker.clone(),
        };
        let schemas = Schemas { tenants: tenants.clone(), store: store.clone() };
        Edge::new(UseCases {
            authenticator,
            apps: Apps {
                store: store.clone(),
                tenants: tenants.clone(),
                keyring,
                keys: keys.clone(),
                tokens: tokens.clone(),
                news: news.clone(),
            },
            functions: Functions {
                store: store.clone(),
                env: env.clone(),
                targets: targets.clone(),
                rollouts,
                sink: sink.clone(),
            },
            deploy: Deploy::new(
                store.clone(),
                engine,
                env.clone(),
                targets.clone(),
                schemas.clone(),
                tasks.clone(),
            ),
            logs: Logs::new(store.clone(), invoker.clone(), sink.clone(), stop.clone()),
            usages: Usages { store: store.clone(), invoker: invoker.clone() },
            verify,
            health: Health { store, sink: sink.clone(), slots: slots.clone(), stop: stop.clone() },
            schemas,
            sql: Sql { tenants },
            tokens,
            news,
            admission: Admission { configs: configs.clone(), slots, daily },
            configs,
            keys,
            env,
            targets,
            invoker,
            base,
        })
    }
}

/// As many sandboxes run at one moment as there are processors for them.
fn turns() -> u32 {
    std::thread::available_parallelism().map_or(2, |count| u32::try_from(count.get()).unwrap_or(u32::MAX))
}
