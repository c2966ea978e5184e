//! One `match`: a route to its handler. What is not on the hot path is boxed, so that a call's future stays small.

use std::sync::Arc;

use http::HeaderValue;

use super::Reply;
use super::handlers::{
    apps, call, config, deploy, env, error_page, functions, health, invoke, keys, logs, schema, sql, tokens,
    usage, versions,
};
use super::headers::Base;
use super::json::SERVER_TIMING;
use super::stage::Admitted;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::route::Route;
use mayfly_core::admission::Admission;
use mayfly_core::app_config::Configs;
use mayfly_core::apps::Apps;
use mayfly_core::auth::Authenticator;
use mayfly_core::deploy::Deploy;
use mayfly_core::env::Env;
use mayfly_core::functions::Functions;
use mayfly_core::health::Health;
use mayfly_core::invoke::{Invoker, Targets};
use mayfly_core::keys::Keys;
use mayfly_core::logs::Logs;
use mayfly_core::news::News;
use mayfly_core::schema::Schemas;
use mayfly_core::sql::Sql;
use mayfly_core::tokens::Tokens;
use mayfly_core::usage::Usages;
use mayfly_core::verify::Verify;

/// The use cases that the routes lead to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Edge {
    inner: Arc<UseCases>,
}

/// One field a resource; handlers use theirs.
#[derive(Debug)]
pub struct UseCases {
    /// Who may.
    pub authenticator: Authenticator,
    /// Who may run now.
    pub admission: Admission,
    /// Apps.
    pub apps: Apps,
    /// Keys.
    pub keys: Keys,
    /// End users' tokens.
    pub tokens: Tokens,
    /// Environment.
    pub env: Env,
    /// Functions, managed.
    pub functions: Functions,
    /// Deploys.
    pub deploy: Deploy,
    /// Functions, found.
    pub targets: Targets,
    /// Functions, run.
    pub invoker: Invoker,
    /// Records.
    pub logs: Logs,
    /// Sums of records.
    pub usages: Usages,
    /// Invocations, run again.
    pub verify: Verify,
    /// Scripts.
    pub sql: Sql,
    /// Schemas.
    pub schemas: Schemas,
    /// What apps are set to.
    pub configs: Configs,
    /// Spreads the news of changes.
    pub news: News,
    /// Health.
    pub health: Health,
    /// The address that callers use.
    pub base: Base,
}

impl Edge {
    /// The edge over these use cases.
    pub fn new(use_cases: UseCases) -> Self {
        Self { inner: Arc::new(use_cases) }
    }

    /// Where an app's routes begin.
    pub fn api_base(&self, app: &str) -> String {
        format!("{}/v1/{app}", self.base.as_str())
    }
}

impl std::ops::Deref for Edge {
    type Target = UseCases;

    fn deref(&self) -> &UseCases {
        &self.inner
    }
}

/// Serve one admitted request.
pub(super) async fn dispatch(edge: Edge, request: Admitted) -> ApiResult<Reply> {
    let (trusted, at) = (request.access.is_trusted(), request.at);
    let result = match request.route {
        Route::Call { .. } => call::call(&edge, request).await,
        _ => Box::pin(manage(&edge, request)).await,
    };
    if !trusted {
        return result;
    }
    let timing = format!("total;dur={:.3}", at.elapsed().as_secs_f64() * 1_000.0);
    match result {
        Ok(mut reply) => {
            let value = HeaderValue::from_str(&timing).map_err(ApiError::internal)?;
            reply.headers_mut().append(SERVER_TIMING, value);
            Ok(reply)
        }
        Err(error) => Err(error.for_trusted(timing)),
    }
}

async fn manage(edge: &Edge, request: Admitted) -> ApiResult<Reply> {
    let r = &request;
    match &r.route {
        Route::Live => health::live(),
        Route::Ready => Ok(health::ready(edge).await),
        Route::ErrorPage { code } => error_page::get(code),
        Route::ListApps => apps::list(edge).await,
        Route::CreateApp => apps::create(edge, r).await,
        Route::GetApp { app } => apps::get(edge, app).await,
        Route::DeleteApp { app } => apps::delete(edge, r, app).await,
        Route::GetConfig { app } => config::get(edge, app).await,
        Route::ConfigureApp { app } => config::patch(edge, r, app).await,
        Route::ListKeys { app } => keys::list(edge, app).await,
        Route::CreateKey { app } => keys::create(edge, r, app).await,
        Route::RevokeKey { app, key } => keys::revoke(edge, app, key).await,
        Route::Jwks { app } => tokens::jwks(edge, app).await,
        Route::MintToken { app } => tokens::mint(edge, r, app).await,
        Route::ListSigningKeys { app } => tokens::list_keys(edge, app).await,
        Route::ImportSigningKey { app } => tokens::import_key(edge, r, app).await,
        Route::RotateSigningKey { app } => tokens::rotate(edge, r, app).await,
        Route::RemoveSigningKey { app, kid } => tokens::remove_key(edge, app, kid).await,
        Route::GetAppEnv { app } => env::get_app(edge, app).await,
        Route::PatchAppEnv { app } => env::patch_app(edge, r, app).await,
        Route::RunSql { app } => sql::run(edge, r, app).await,
        Route::Schema { app, action } => schema::serve(edge, r, app, action).await,
        Route::ListFunctions { app } => functions::list(edge, app).await,
        Route::Deploy { app } => deploy::deploy(edge, r, app).await,
        Route::GetFunction { app, name } => functions::get(edge, app, name).await,
        Route::DeleteFunction { app, name } => functions::delete(edge, app, name).await,
        Route::PatchFunctionEnv { app, name } => env::patch_function(edge, r, app, name).await,
        Route::PatchFunctionSettings { app, name } => functions::patch_settings(edge, r, app, name).await,
        Route::ListVersions { app, name } => versions::list(edge, app, name).await,
        Route::Rollback { app, name } => deploy::rollback(edge, r, app, name).await,
        Route::Logs { app, name } => logs::list(edge, r, app, name).await,
        Route::LogStream { app, name } => logs::stream(edge, r, app, name).await,
        Route::Usage { app } => usage::get(edge, r, app).await,
        Route::VerifyUsage { .. } => usage::verify(edge, request).await,
        Route::Invoke { .. } => invoke::invoke(edge, request).await,
        Route::Call { .. } => call::call(edge, request).await,
    }
}
