//! What one invocation is lent: its environment, its app's database as its identity, claims, and the way out.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_runtime::providers::{Environment, Grants};

use super::Invoker;
use super::target::Target;
use crate::env::ANON_KEY;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_secrets::SecretRedactor;
use mayfly_telemetry::trace::Trace;
use mayfly_tenant_db::identity::Identity;

/// A function's environment, and what hides its values where they are shown.
#[derive(Debug)]
pub(super) struct OpenedEnv {
    pub(super) variables: Arc<Environment>,
    pub(super) mask: SecretRedactor,
}

impl Invoker {
    pub(super) async fn grants(
        &self,
        target: &Target,
        identity: &Identity,
        trace: Option<Trace>,
    ) -> ApiResult<Grants> {
        let app = &target.function.app_id;
        Ok(Grants {
            env: Arc::clone(&self.env(target).await?.variables),
            database: Some(self.inner.tenants.database(Arc::clone(app), identity.clone())),
            idempotency: Some(self.inner.tenants.idempotency(Arc::clone(app), identity.clone())),
            fetch: Some(self.inner.outbound.for_invocation(app, Arc::clone(&target.egress), trace)),
        })
    }

    async fn env<'a>(&self, target: &'a Target) -> ApiResult<&'a OpenedEnv> {
        target.env.get_or_try_init(|| self.open_env(target)).await
    }

    /// The app's variables, over them the function's, over both the platform's.
    async fn open_env(&self, target: &Target) -> ApiResult<OpenedEnv> {
        let function = &target.function;
        let (app, name) = (&*function.app_id, &*function.function_name);
        let mut env = self.open(app, None, self.inner.store.env().get(app, None).await?)?;
        let own = self.inner.store.env().get(app, Some(&function.function_id)).await?;
        env.extend(self.open(app, Some(name), own)?);
        // What the platform adds is no secret.
        let mask = SecretRedactor::new(env.iter().filter(|(name, _)| *name != ANON_KEY));
        let mut set = |name: &str, value: &str| env.insert(name.to_owned(), value.to_owned().into());
        set("BUTTERBASE_APP_ID", app);
        set("BUTTERBASE_APP_NAME", &function.app_name);
        set("BUTTERBASE_API_URL", &self.inner.api_url);
        // It is kept among the app's variables, under a name that only the platform sets.
        env.entry(ANON_KEY.into()).or_default();
        Ok(OpenedEnv { variables: Arc::new(env), mask })
    }

    /// All or nothing: a function that runs without a secret of its own does something its author never saw.
    fn open(
        &self,
        app: &str,
        function: Option<&str>,
        sealed: BTreeMap<String, String>,
    ) -> ApiResult<Environment> {
        sealed
            .into_iter()
            .map(|(name, sealed)| match self.inner.keyring.decrypt(app, function, &name, &sealed) {
                Ok(value) => Ok((name, value)),
                Err(error) => Err(ApiError::new(
                    Code::SecretsUnavailable,
                    format!("the environment variable {name} cannot be opened"),
                )
                .because(error)),
            })
            .collect()
    }
}
