//! `Sandbox`: the host's side of one invocation, one field a capability. It dies with the invocation.

use std::time::Instant;

use wasmtime::{Instance, Memory, Store};

use crate::capability::completion::Completion;
use crate::capability::compute::Compute;
use crate::capability::console::Console;
use crate::capability::database::Connections;
use crate::capability::fetch::Egress;
use crate::capability::idempotency::IdempotencyClaims;
use crate::capability::nondeterminism::Nondeterminism;
use crate::capability::operations::Operations;
use crate::capability::queue::QueueAccess;
use crate::capability::realtime::RealtimeAccess;
use crate::capability::request::Incoming;
use crate::capability::websocket::OutboundSockets;
use crate::disconnect::Disconnected;
use crate::limits::Limits;
use crate::meter::MemoryLimiter;
use crate::meter::fuel::{self, Meter};
use crate::meter::samples::Samples;
use crate::providers::Grants;
use crate::recording::Recorder;

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
    /// Which functions ran.
    pub(crate) samples: Samples,
    /// When the invocation began.
    pub(crate) started: Instant,
    /// What came in.
    pub(crate) incoming: Incoming,
    /// Signals that the client disconnected; taken when the guest asks.
    pub(crate) disconnected: Option<Disconnected>,
    /// Where randomness, time and the order of results come from.
    pub(crate) nondeterminism: Nondeterminism,
    /// The response, or the fault.
    pub(crate) completion: Completion,
    /// `console`.
    pub(crate) console: Console,
    /// Host operations that run while the guest does.
    pub(crate) operations: Operations,
    /// What the host computes for it.
    pub(crate) compute: Compute,
    /// `ctx.db`.
    pub(crate) connections: Connections,
    /// `ctx.idempotency`.
    pub(crate) claims: IdempotencyClaims,
    /// `ctx.enqueue`.
    pub(crate) queue: QueueAccess,
    /// `fetch`.
    pub(crate) egress: Egress,
    /// `WebSocket`.
    pub(crate) sockets: OutboundSockets,
    /// `ctx.broadcast` and `ctx.socket`.
    pub(crate) realtime: RealtimeAccess,
}

impl Sandbox {
    pub(crate) fn new(
        started: Instant,
        incoming: Incoming,
        completion: Completion,
        grants: Grants,
        limits: &Limits,
    ) -> Self {
        Self {
            memory: None,
            instance: None,
            meter: Meter { debt: 0, yielded_at: fuel::with_reserve(limits.fuel) },
            samples: Samples::new(fuel::with_reserve(limits.fuel)),
            started,
            incoming,
            disconnected: None,
            nondeterminism: match limits.recording_bytes {
                0 => Nondeterminism::Live,
                bytes_max => Nondeterminism::Recording(Recorder::new(bytes_max)),
            },
            completion,
            console: Console::new(limits),
            limiter: MemoryLimiter::new(limits.memory_bytes, grants.account.clone()),
            operations: Operations::new(limits.host_operations, grants.account.clone()),
            compute: Compute::default(),
            connections: Connections::new(grants.database),
            claims: IdempotencyClaims::new(grants.idempotency),
            queue: QueueAccess::new(grants.queue),
            egress: Egress::new(grants.fetch, limits.subrequests),
            sockets: OutboundSockets::default(),
            realtime: RealtimeAccess::new(grants.realtime),
        }
    }
}

/// What is left of a sandbox's fuel.
pub(crate) fn fuel_left(store: &Store<Sandbox>) -> u64 {
    store.get_fuel().unwrap_or(0).saturating_sub(store.data().meter.debt)
}
