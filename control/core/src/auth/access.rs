//! `CallAccess`: the result of authorizing a call. An invocation requires one, so an unchecked call cannot run.

use std::sync::Arc;

use mayfly_tenant_db::identity::Identity;

use super::caller::{Caller, CallerKind};
use crate::functions::CachedFunction;

/// A call that may be made.
#[derive(Debug)]
pub struct CallAccess {
    /// The version that runs.
    pub function: Arc<CachedFunction>,
    /// `ctx.caller`
    pub caller: Caller,
    /// The database role that it runs as.
    pub identity: Identity,
}

/// A client that may have a socket.
#[derive(Debug, Clone)]
pub struct ClientAccess {
    /// `ctx.caller` of the functions that its frames run.
    pub caller: Caller,
    /// The database role that these run as.
    pub identity: Identity,
    /// Until when its credential is good, in seconds since 1970.
    pub ends: Option<f64>,
}

impl CallAccess {
    /// Whether the caller may see stacks and timings: service keys may.
    pub fn is_trusted(&self) -> bool {
        self.caller.kind == CallerKind::ServiceKey
    }
}
