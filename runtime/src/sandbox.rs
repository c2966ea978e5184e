//! `Sandbox`: the host's side of one invocation, one field a capability. It dies with the invocation.

pub(crate) mod fuel;
mod memory;

use std::time::Instant;

use wasmtime::{Instance, Memory};

pub(crate) use memory::MemoryLimiter;

use crate::hangup::Hangup;
use crate::host::compute::Compute;
use crate::host::console::Console;
use crate::host::database::Connections;
use crate::host::ending::Ending;
use crate::host::fetch::Egress;
use crate::host::idempotency::Claims;
use crate::host::operations::Operations;
use crate::host::outside::Outside;
use crate::host::request::Incoming;
use fuel::Meter;

/// What the host keeps for one invocation.
pub(crate) struct Sandbox {
    /// The guest's memory, once there is one.
    pub(crate) memory: Option<Memory>,
    /// The engine over it.
    pub(crate) instance: Option<Instance>,
    /// How far that may grow.
    pub(crate) limiter: MemoryLimiter,
    /// What host calls cost it.
    pub(crate) meter: Meter,
    /// When the invocation began.
    pub(crate) started: Instant,
    /// What came in.
    pub(crate) incoming: Incoming,
    /// Tells when the caller has gone away; taken when the guest asks.
    pub(crate) hangup: Option<Hangup>,
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
