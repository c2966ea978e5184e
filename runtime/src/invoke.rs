//! `Engine::invoke`: instantiate, call, collect, tear down.

mod call;
mod drive;
#[cfg(target_os = "linux")]
mod footprint;
mod outcome;
mod whereabouts;

use std::time::Instant;

use tokio::sync::oneshot;
use wasmtime::Store;

pub use call::{Call, Request};
pub use outcome::{Background, LogEntry, LogLevel, Outcome, Response, Usage};

pub(crate) use drive::{Ended, conclude, drive, fault_of_trap};
pub(crate) use outcome::collect;

use crate::engine::{Engine, Inner};
use crate::error::Fault;
use crate::host::compute::Compute;
use crate::host::console::Console;
use crate::host::database::Connections;
use crate::host::ending::{Deadline, Ending, Reply};
use crate::host::fetch::Egress;
use crate::host::idempotency::Claims;
use crate::host::operations::Operations;
use crate::host::outside::Outside;
use crate::host::request::Incoming;
use crate::image::Image;
use crate::limits::Limits;
use crate::providers::Grants;
use crate::replay::Recorder;
use crate::sandbox::fuel::{self, Meter};
use crate::sandbox::{MemoryLimiter, Sandbox};

impl Engine {
    /// Runs one invocation in a sandbox of its own.
    ///
    /// `reply` gets the response, or the fault, as soon as there is one; the future goes on until the `waitUntil` part
    /// has ended too. Dropping it ends the guest where it stands.
    pub async fn invoke(
        &self,
        image: &Image,
        call: Call,
        reply: oneshot::Sender<Result<Response, Fault>>,
    ) -> Outcome {
        let Call { request, context, grants, limits, hangup } = call;
        let started = Instant::now();
        let deadline = Deadline::new(started, limits.timeout);
        let recorded = limits.recording_bytes > 0;
        let incoming = Incoming::new(request, context, grants.env.clone(), recorded);
        let ending = Ending::new(Some(reply), deadline.clone(), &limits);
        let mut store = self.inner.store(started, incoming, ending, grants, &limits);
        store.data_mut().hangup = Some(hangup);
        let ended = drive(self.inner.run(&mut store, image), &deadline).await;
        conclude(&mut store, ended, &limits).await;
        collect(store, started, &limits)
    }

    /// Makes a sandbox for an image and throws it away: what an invocation pays before its first instruction. For
    /// measuring.
    #[doc(hidden)]
    pub fn instantiate_only(&self, image: &Image) -> wasmtime::Result<()> {
        let limits = Limits::default();
        let started = Instant::now();
        let ending = unattended(Deadline::new(started, limits.timeout), &limits);
        let mut store = self.inner.store(started, Incoming::default(), ending, Grants::default(), &limits);
        self.inner.instantiate(&mut store, image)?;
        Ok(())
    }
}

impl Inner {
    pub(crate) fn store(
        &self,
        started: Instant,
        incoming: Incoming,
        ending: Ending,
        grants: Grants,
        limits: &Limits,
    ) -> Store<Sandbox> {
        let sandbox = Sandbox {
            memory: None,
            instance: None,
            meter: Meter { debt: 0, yielded_at: fuel::with_reserve(limits.fuel) },
            limiter: MemoryLimiter::new(limits.memory_bytes),
            started,
            incoming,
            hangup: None,
            outside: match limits.recording_bytes {
                0 => Outside::Live,
                bytes_max => Outside::Recording(Recorder::new(bytes_max)),
            },
            ending,
            console: Console::new(limits),
            operations: Operations::new(limits.host_operations),
            compute: Compute::default(),
            connections: Connections::new(grants.database),
            claims: Claims::new(grants.idempotency),
            egress: Egress::new(grants.fetch, limits.subrequests),
        };
        let mut store = Store::new(&self.wasmtime, sandbox);
        store.limiter(|sandbox| &mut sandbox.limiter);
        // This cannot fail: the configuration has fuel.
        let _ = store.set_fuel(fuel::with_reserve(limits.fuel));
        store
    }

    pub(crate) async fn run(&self, store: &mut Store<Sandbox>, image: &Image) -> wasmtime::Result<()> {
        let instance = self.instantiate(store, image)?;
        let handle = instance.get_typed_func::<u32, ()>(&mut *store, "handle")?;
        let head = store.data().incoming.head.len() as u32;
        handle.call_async(store, head).await
    }
}

/// An ending that nobody waits for: of what runs at deploy.
pub(crate) fn unattended(deadline: Deadline, limits: &Limits) -> Ending {
    let reply: Option<Reply> = None;
    Ending::new(reply, deadline, limits)
}
