//! What the tools of an app ask of the server that they run in.

use std::future::Future;

use mayfly_api::error::ApiResult;
use serde_json::{Map, Value};

use crate::host::ToolHost;
use crate::outcome::AppToolOutcome;

/// Serves the tools of one app to one caller. Cheap to clone.
pub trait AppToolHost: Clone + Send + Sync + 'static {
    /// Where `run_code` goes.
    type Routes: ToolHost;

    /// The app.
    fn app(&self) -> &str;

    /// The tools that the caller sees; of `only`, where that says which.
    fn tools(&self, only: Option<&[String]>) -> impl Future<Output = ApiResult<AppToolset>> + Send;

    /// Call one.
    fn call(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        only: Option<&[String]>,
    ) -> impl Future<Output = AppToolOutcome> + Send;

    /// For `run_code`; `None`: the caller may not.
    fn routes(&self) -> Option<&Self::Routes>;
}

/// The tools of an app.
#[derive(Debug, Clone, Default)]
pub struct AppToolset {
    /// By name.
    pub tools: Vec<AppTool>,
    /// TypeScript's declaration of them.
    pub types: String,
}

/// A tool of an app.
#[derive(Debug, Clone)]
pub struct AppTool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// What it takes: a JSON Schema.
    pub input: Map<String, Value>,
    /// What it answers, where that is an object.
    pub output: Option<Map<String, Value>>,
    /// Whether it only looks, which is enforced.
    pub read_only: bool,
}
