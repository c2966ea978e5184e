//! Resolves a call: which function its path reaches, and which version of it runs.

use std::sync::Arc;

use http::Method;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::names;
use mayfly_api::triggers::HttpAuth;

use super::cache::FunctionCache;
use super::cached::CachedFunction;
use super::http_trigger::PATH_BYTES_MAX;

/// A function that a call reaches, before it is known who calls.
#[derive(Debug, Clone)]
pub struct ResolvedCall {
    /// The version that serves; a canary is chosen once the caller is known.
    pub function: Arc<CachedFunction>,
    /// Who may call it.
    pub auth: HttpAuth,
}

impl FunctionCache {
    /// The function that a call reaches: by its name or by its trigger's own path, over http, not paused, with this
    /// method.
    ///
    /// # Errors
    /// 404 where there is none, 405 for another method, 503 for a paused app.
    pub async fn resolve(&self, app: &str, path: &str, method: &Method) -> ApiResult<ResolvedCall> {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let mut found = None;
        if path.starts_with('/') && !path.starts_with("//") && names::is_function_name(name) {
            found = self.by_name(app, name).await?;
        }
        if found.is_none() && path.len() <= PATH_BYTES_MAX {
            found = self.by_path(app, path).await?;
        }
        let function = found.ok_or_else(|| ApiError::not_found("the function"))?;
        function.check_paused()?;
        // A function without an http trigger is not to be told from one that is not there.
        let Some(http) = &function.http else { return Err(ApiError::not_found("the function")) };
        if let Some(allow) = http.refuses(method) {
            return Err(ApiError::method_not_allowed(allow));
        }
        let auth = http.auth;
        Ok(ResolvedCall { function, auth })
    }
}
