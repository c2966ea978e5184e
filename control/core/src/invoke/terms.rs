//! `InvocationTerms`: what is particular to an invocation that no caller of a function made: how far it may go, and what it runs.

use std::sync::Arc;

use mayfly_runtime::Limits;

use super::allowance::Allowance;
use super::scope::ToolCalls;
use super::script::CompiledScript;

/// The terms of one invocation. The default ones are those of a call.
#[derive(Debug, Clone, Default)]
pub struct InvocationTerms {
    /// What it may do.
    pub allowance: Allowance,
    /// Code that runs once; `None`: the function's.
    pub script: Option<Arc<CompiledScript>>,
    /// Limits other than the function's.
    pub limits: Option<Limits>,
    /// Fuel that was used for it before it began.
    pub spent: u64,
    /// What `tools` of code that runs once calls.
    pub tools: Option<Arc<dyn ToolCalls>>,
}
