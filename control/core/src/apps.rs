//! Apps: make, list, show, configure, delete.

use std::collections::BTreeMap;
use std::sync::Arc;

use mayfly_api::access::Manager;
use mayfly_api::apps::{AppInfo, AppList, CreatedApp, Success};
use mayfly_api::config::{AuthInfo, ConfigInfo, HostInfo};
use mayfly_api::endpoint::{ApiCall, CallContext, Handler, Json};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::keys::ApiKeyKind;
use mayfly_api::routes::{AppsCreate, AppsDelete, AppsGet, AppsList, ConfigGet, ConfigPatch};
use mayfly_api::scope::Scope;
use mayfly_secrets::KeyRing;
use mayfly_store::{AppRow, Store};
use mayfly_tenant_db::tenant::Tenants;
use serde_json::Value;

use crate::app_config::{AppConfig, ChangeContext, ConfigChange};
use crate::env::ANON_KEY;
use crate::hosts::AppHosts;
use crate::invalidation::CacheInvalidator;
use crate::keys::Keys;
use crate::tokens::Tokens;

/// Use cases of the operator, and of an app's settings.
#[derive(Debug, Clone)]
pub struct Apps {
    /// The platform's tables.
    pub store: Store,
    /// The apps' databases.
    pub tenants: Tenants,
    /// Encrypts the anon key.
    pub keyring: Arc<KeyRing>,
    /// Makes the first keys.
    pub keys: Keys,
    /// Makes the first signing key.
    pub tokens: Tokens,
    /// Told of what changed.
    pub invalidator: CacheInvalidator,
    /// Names of hosts under which apps are reached.
    pub hosts: AppHosts,
}

impl Apps {
    async fn config(&self, app: AppRow) -> ApiResult<ConfigInfo> {
        let hosts = self.store.hosts().of_app(&app.id).await?;
        let hosts =
            hosts.into_iter().map(|row| HostInfo { host: row.host, function: row.function }).collect();
        Ok(config(app, hosts))
    }

    async fn get(&self, app: &str) -> ApiResult<AppRow> {
        self.store.apps().get(app).await?.ok_or_else(|| ApiError::not_found("the app"))
    }

    async fn first_keys(&self, app: &str) -> ApiResult<(String, String)> {
        let (service_key, _) =
            self.keys.insert(app, ApiKeyKind::Service, Some("default".into()), Scope::ALL.to_vec()).await?;
        let (anon_key, _) = self.keys.insert(app, ApiKeyKind::Anon, Some("default".into()), vec![]).await?;
        let encrypted = self.keyring.encrypt(app, None, ANON_KEY, &anon_key)?;
        let change = BTreeMap::from([(ANON_KEY.to_owned(), Some(encrypted))]);
        self.store.env().merge(app, None, &change).await?;
        self.tokens.ensure(app).await?;
        Ok((service_key, anon_key))
    }
}

impl Handler<AppsList> for Apps {
    async fn handle(&self, call: ApiCall<AppsList>) -> ApiResult<AppList> {
        let apps = self.store.apps().list().await?.into_iter().map(|app| info(&call.context, app)).collect();
        Ok(AppList { apps })
    }
}

impl Handler<AppsCreate> for Apps {
    async fn handle(&self, call: ApiCall<AppsCreate>) -> ApiResult<CreatedApp> {
        let Json(wanted) = &call.body;
        let app = self.tenants.create(&wanted.name).await?;
        match self.first_keys(&app.id).await {
            Ok((service_key, anon_key)) => Ok(CreatedApp {
                api_base: call.context.api_base(&app.id),
                app_id: app.id,
                name: app.name,
                service_key,
                anon_key,
            }),
            Err(error) => {
                // An app whose keys were never shown cannot be used.
                if let Err(error) = self.tenants.delete(&app.id).await {
                    tracing::warn!(app = %app.id, %error, "a partially created app is left behind");
                }
                Err(error)
            }
        }
    }
}

impl Handler<AppsGet> for Apps {
    async fn handle(&self, call: ApiCall<AppsGet>) -> ApiResult<AppInfo> {
        Ok(info(&call.context, self.get(&call.context.app).await?))
    }
}

impl Handler<AppsDelete> for Apps {
    async fn handle(&self, call: ApiCall<AppsDelete>) -> ApiResult<Success> {
        let app = &call.context.app;
        let found = self.get(app).await?;
        if call.query.confirm.as_deref() != Some(app) {
            return Err(ApiError::new(
                Code::StatePrerequisiteMissing,
                format!("deleting `{}` drops its database; add ?confirm={app} to do it", found.name),
            ));
        }
        self.tenants.delete(app).await?;
        self.invalidator.app_changed(app);
        Ok(Success::DONE)
    }
}

impl Handler<ConfigGet> for Apps {
    async fn handle(&self, call: ApiCall<ConfigGet>) -> ApiResult<ConfigInfo> {
        self.config(self.get(&call.context.app).await?).await
    }
}

impl Handler<ConfigPatch> for Apps {
    async fn handle(&self, call: ApiCall<ConfigPatch>) -> ApiResult<ConfigInfo> {
        let app = &call.context.app;
        let Json(patch) = call.body;
        let present = AppConfig::of(&self.get(app).await?.settings);
        let by_operator = matches!(call.context.manager, Manager::Admin);
        let context = ChangeContext { app, by_operator, keyring: &self.keyring, present: &present };
        let hosts = patch.hosts.clone();
        let ConfigChange { pause, settings } = ConfigChange::of(patch, context)?;
        if let Some(hosts) = hosts {
            // First: where one of them is another app's, nothing else changes either.
            self.hosts.replace(app, hosts, by_operator).await?;
        }
        let (paused, reason) = match pause {
            Some((paused, reason)) => (Some(paused), reason),
            None => (None, None),
        };
        let changed =
            self.store.apps().configure(app, paused, reason.as_deref(), &Value::Object(settings)).await;
        self.invalidator.app_changed(app);
        self.config(changed?.ok_or_else(|| ApiError::not_found("the app"))?).await
    }
}

fn info(context: &CallContext, app: AppRow) -> AppInfo {
    AppInfo {
        api_base: context.api_base(&app.id),
        app_id: app.id,
        name: app.name,
        state: app.state,
        paused: app.paused,
        paused_reason: app.paused_reason,
        closed_reason: app.closed_reason,
        created_at: app.created_at.into(),
    }
}

/// Everything but secrets.
fn config(app: AppRow, hosts: Vec<HostInfo>) -> ConfigInfo {
    let config = AppConfig::of(&app.settings);
    ConfigInfo {
        app_id: app.id,
        paused: app.paused,
        reason: app.paused_reason,
        closed_reason: app.closed_reason,
        database_full: app.database_full,
        cors_origins: config.cors_origins.as_slice().to_vec(),
        egress: config.egress.info(),
        limits: config.limits.info(),
        operator_limits: config.operator_limits.info(),
        effective_limits: config.effective_limits().info(),
        auth: AuthInfo { issuers: config.issuers.iter().map(|issuer| issuer.info()).collect() },
        hosts,
    }
}
