//! The capabilities of one invocation: environment, database credentials, idempotency claims, egress.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_api::functions::TransactionMode;
use mayfly_runtime::providers::{Database, Environment, Grants, Idempotency, Queue, Realtime};

use super::enqueue::GuestQueue;
use super::{Allowance, Invoker};
use crate::env::ANON_KEY;
use crate::functions::{CachedFunction, DecryptedEnv};
use crate::sockets::{GuestSocket, Socket};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_secrets::SecretRedactor;
use mayfly_telemetry::trace::Trace;
use mayfly_tenant_db::db::InvocationTransaction;
use mayfly_tenant_db::identity::Identity;

/// What an invocation may use.
pub(super) struct Granted {
    pub(super) grants: Grants,
    /// Of an invocation that is one transaction.
    pub(super) transaction: Option<Arc<InvocationTransaction>>,
}

/// Of whom an invocation's grants are.
pub(super) struct Asked<'a> {
    pub(super) trace: Option<Trace>,
    pub(super) socket: Option<Arc<Socket>>,
    pub(super) allowance: &'a Allowance,
}

impl Invoker {
    pub(super) async fn grants(
        &self,
        cached: &CachedFunction,
        identity: &Identity,
        asked: Asked<'_>,
    ) -> ApiResult<Granted> {
        let Asked { trace, socket, allowance } = asked;
        let app = &cached.function.app_id;
        let capabilities = &self.shared.parts.capabilities;
        let (tenants, publisher) = (&capabilities.tenants, capabilities.publisher.clone());
        // What only looks commits nothing.
        let is_atomic = cached.function.settings.transaction == TransactionMode::Invocation
            && allowance.changes_database();
        let transaction =
            is_atomic.then(|| tenants.invocation_transaction(Arc::clone(app), identity.clone()));
        let (database, idempotency): (Arc<dyn Database>, Arc<dyn Idempotency>) = match &transaction {
            Some(transaction) => (transaction.clone(), transaction.clone()),
            None => (
                tenants.database(Arc::clone(app), identity.clone()),
                tenants.idempotency(Arc::clone(app), identity.clone()),
            ),
        };
        let queue = GuestQueue {
            enqueuer: capabilities.enqueuer.clone(),
            app: Arc::clone(app),
            transaction: transaction.clone(),
            allowance: allowance.clone(),
        };
        let realtime = GuestSocket { app: Arc::clone(app), publisher, socket };
        let account = self.shared.parts.execution.ledger.account(app);
        let egress = allowance.egress(&cached.egress);
        let grants = Grants {
            account: account.clone(),
            env: allowance.env(&self.env(cached).await?.variables),
            database: allowance.database(database),
            idempotency: Some(idempotency).filter(|_| allowance.changes_database()),
            queue: allowance.enqueues().then(|| Arc::new(queue) as Arc<dyn Queue>),
            fetch: Some(capabilities.egress.for_invocation(app, account, egress, trace)),
            realtime: allowance.realtime().then(|| Arc::new(realtime) as Arc<dyn Realtime>),
        };
        Ok(Granted { grants, transaction })
    }

    async fn env<'a>(&self, cached: &'a CachedFunction) -> ApiResult<&'a DecryptedEnv> {
        cached.env.get_or_try_init(|| self.decrypt_env(cached)).await
    }

    /// The app's variables, over them the function's, over both the platform's.
    async fn decrypt_env(&self, cached: &CachedFunction) -> ApiResult<DecryptedEnv> {
        let function = &cached.function;
        let (app, name) = (&*function.app_id, &*function.function_name);
        let mut env = self.decrypt(app, None, self.shared.parts.records.store.env().get(app, None).await?)?;
        let own = self.shared.parts.records.store.env().get(app, Some(&function.function_id)).await?;
        env.extend(self.decrypt(app, Some(name), own)?);
        // What the platform adds is no secret.
        let mask = SecretRedactor::new(env.iter().filter(|(name, _)| *name != ANON_KEY));
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned().into());
        set("BUTTERBASE_APP_ID", app);
        set("BUTTERBASE_APP_NAME", &function.app_name);
        set("BUTTERBASE_API_URL", &self.shared.parts.capabilities.api_url);
        // It is kept among the app's variables, under a name that only the platform sets.
        env.entry(ANON_KEY.into()).or_default();
        Ok(DecryptedEnv { variables: Arc::new(env), mask })
    }

    /// All or nothing: a function that runs without a secret of its own does something its author never saw.
    fn decrypt(
        &self,
        app: &str,
        function: Option<&str>,
        encrypted: BTreeMap<String, String>,
    ) -> ApiResult<Environment> {
        encrypted
            .into_iter()
            .map(|(name, encrypted)| {
                match self.shared.parts.capabilities.keyring.decrypt(app, function, &name, &encrypted) {
                    Ok(value) => Ok((name, value)),
                    Err(error) => Err(ApiError::new(
                        Code::SecretsUnavailable,
                        format!("the environment variable {name} cannot be decrypted"),
                    )
                    .because(error)),
                }
            })
            .collect()
    }
}
