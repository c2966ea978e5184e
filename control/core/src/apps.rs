//! Apps: make, list, show, pause, delete.

use serde_json::Value;

use super::env::ANON_KEY;
use super::keys::Keys;
use super::news::News;
use super::tokens::Tokens;
use crate::app_config::{AppConfig, ConfigChange, Context};
use crate::auth::Manager;
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::fields::Fields;
use mayfly_api::names;
use mayfly_api::scope::Scope;
use mayfly_secrets::KeyRing;
use mayfly_store::{ApiKeyKind, App, Store};
use mayfly_tenant_db::tenant::Tenants;

use std::collections::BTreeMap;
use std::sync::Arc;

/// Use cases of the operator, and the kill switch.
#[derive(Debug, Clone)]
pub struct Apps {
    /// The platform's tables.
    pub store: Store,
    /// The apps' databases.
    pub tenants: Tenants,
    /// Seals the anon key.
    pub keyring: Arc<KeyRing>,
    /// Makes the first keys.
    pub keys: Keys,
    /// Makes the first signing key.
    pub tokens: Tokens,
    /// Told of what changed.
    pub news: News,
}

/// A new app, with the keys that are shown this once.
#[derive(Debug)]
pub struct CreatedApp {
    /// The app.
    pub app: App,
    /// `bb_sk_...`
    pub service_key: String,
    /// `bb_anon_...`
    pub anon_key: String,
}

impl Apps {
    /// Make an app: its row, its database and roles, its first two keys.
    pub async fn create(&self, body: Value) -> ApiResult<CreatedApp> {
        let mut fields = Fields::of(body, "")?;
        let name = fields.required_text("name", 1, 63)?;
        if !names::is_app_name(&name) {
            return Err(ApiError::invalid("name", "must match ^[a-z0-9][a-z0-9_-]*$"));
        }
        fields.finish()?;
        let app = self.tenants.create(&name).await?;
        match self.first_keys(&app.id).await {
            Ok((service_key, anon_key)) => Ok(CreatedApp { app, service_key, anon_key }),
            Err(error) => {
                // An app whose keys nobody has seen is of use to nobody.
                if let Err(error) = self.tenants.delete(&app.id).await {
                    tracing::warn!(app = %app.id, %error, "a half-made app is left behind");
                }
                Err(error)
            }
        }
    }

    async fn first_keys(&self, app: &str) -> ApiResult<(String, String)> {
        let (service_key, _) =
            self.keys.insert(app, ApiKeyKind::Service, Some("default".into()), Scope::ALL.to_vec()).await?;
        let (anon_key, _) = self.keys.insert(app, ApiKeyKind::Anon, Some("default".into()), vec![]).await?;
        let sealed = self.keyring.encrypt(app, None, ANON_KEY, &anon_key)?;
        let change = BTreeMap::from([(ANON_KEY.to_owned(), Some(sealed))]);
        self.store.env().merge(app, None, &change).await?;
        self.tokens.ensure(app).await?;
        Ok((service_key, anon_key))
    }

    /// All apps.
    pub async fn list(&self) -> ApiResult<Vec<App>> {
        Ok(self.store.apps().list().await?)
    }

    /// One app.
    pub async fn get(&self, app: &str) -> ApiResult<App> {
        self.store.apps().get(app).await?.ok_or_else(|| ApiError::not_found("the app"))
    }

    /// Delete an app with everything it has, when `confirm` repeats its id.
    pub async fn delete(&self, app: &str, confirm: Option<&str>) -> ApiResult<()> {
        let found = self.get(app).await?;
        if confirm != Some(app) {
            return Err(ApiError::new(
                Code::StatePrerequisiteMissing,
                format!("deleting `{}` drops its database; add ?confirm={app} to do it", found.name),
            ));
        }
        self.tenants.delete(app).await?;
        self.news.app_changed(app);
        Ok(())
    }

    /// Change what an app is set to.
    pub async fn configure(&self, app: &str, by: &Manager, body: Value) -> ApiResult<App> {
        let present = AppConfig::of(&self.get(app).await?.settings);
        let by_operator = matches!(by, Manager::Admin);
        let context = Context { app, by_operator, keyring: &self.keyring, present: &present };
        let ConfigChange { pause, settings } = ConfigChange::read(body, context)?;
        let (paused, reason) = match pause {
            Some((paused, reason)) => (Some(paused), reason),
            None => (None, None),
        };
        let changed =
            self.store.apps().configure(app, paused, reason.as_deref(), &Value::Object(settings)).await;
        self.news.app_changed(app);
        changed?.ok_or_else(|| ApiError::not_found("the app"))
    }
}
