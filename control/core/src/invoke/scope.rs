//! `InvocationScope`: who runs what for whom, from an invocation's start to its record, and what it calls by `ctx.invoke`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mayfly_api::error::ApiResult;
use mayfly_runtime::providers::BoxFuture;
use mayfly_telemetry::request::RequestContext;
use mayfly_tenant_db::identity::Identity;
use serde_json::{Map, Value};

use super::allowance::Allowance;
use super::script::CompiledScript;
use crate::auth::Caller;
use crate::functions::CachedFunction;

/// One invocation.
#[derive(Debug)]
pub struct InvocationScope {
    /// `inv_...`
    pub(super) id: String,
    pub(super) function: Arc<CachedFunction>,
    pub(super) caller: Caller,
    pub(super) identity: Identity,
    pub(super) context: RequestContext,
    /// The invocation that called it by `ctx.invoke`.
    pub(super) parent: Option<Arc<InvocationScope>>,
    /// Fuel of what it called by `ctx.invoke`, and of what that called, as far as it has ended.
    pub(super) invoked_fuel: AtomicU64,
    /// What it may do.
    pub(super) allowance: Allowance,
    /// The code, where it runs once.
    pub(super) script: Option<Arc<CompiledScript>>,
    /// What its `tools` calls.
    pub(super) tools: Option<Arc<dyn ToolCalls>>,
}

impl InvocationScope {
    /// `inv_...`
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The request that it belongs to.
    pub(crate) fn context(&self) -> &RequestContext {
        &self.context
    }

    /// This invocation has used that fuel itself: its caller's record shows it with what this one called.
    pub(super) fn ended(&self, fuel: u64) {
        if let Some(parent) = &self.parent {
            parent.invoked_fuel.fetch_add(fuel + self.invoked_fuel(), Ordering::Relaxed);
        }
    }

    pub(super) fn invoked_fuel(&self) -> u64 {
        self.invoked_fuel.load(Ordering::Relaxed)
    }
}

/// Calls tools for code that runs once: as its caller, by the policies.
pub trait ToolCalls: std::fmt::Debug + Send + Sync {
    /// Call one, from within an invocation.
    fn call(
        self: Arc<Self>,
        name: String,
        arguments: Map<String, Value>,
        within: Arc<InvocationScope>,
    ) -> BoxFuture<'static, ApiResult<Value>>;
}
