//! `Sandbox`: the host's side of one invocation, one field a capability. It dies with the invocation.

mod memory;

use std::time::Instant;

use wasmtime::Memory;

pub(crate) use memory::MemoryLimiter;

use crate::host::compute::Compute;
use crate::host::console::Console;
use crate::host::database::Connections;
use crate::host::ending::Ending;
use crate::host::fetch::Egress;
use crate::host::idempotency::Claims;
use crate::host::operations::Operations;
use crate::host::outside::Outside;
use crate::host::request::Incoming;

/// What the host keeps for one invocation.
pub(crate) struct Sandbox {
    /// The guest's memory, once there is one.
    pub(crate) memory: Option<Memory>,
    /// How far that may grow.
    pub(crate) limiter: MemoryLimiter,
    /// When the invocation began.
    pub(crate) started: Instant,
    /// What came in.
    pub(crate) incoming: Incoming,
    /// Where randomness, time and answers come from.
    pub(crate) outside: Outside,
    /// What goes out, or why nothing does.
    pub(crate) ending: Ending,
    /// `console`.
    pub(crate) console: Console,
    /// What runs on the host meanwhile.
    pub(crate) operations: Operations,
    /// What the host computes for it.
    pub(crate) compute: Compute,
    /// `ctx.db`.
    pub(crate) connections: Connections,
    /// `ctx.idempotency`.
    pub(crate) claims: Claims,
    /// `fetch`.
    pub(crate) egress: Egress,
}
