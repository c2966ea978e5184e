//! One invocation: instantiate, call, collect, tear down.

mod collect;
mod drive;
#[cfg(target_os = "linux")]
pub(crate) mod footprint;
mod interrupted_stack;
mod live_objects;

use std::time::Instant;

use tokio::sync::oneshot;
use wasmtime::Store;

pub(crate) use collect::collect;
pub(crate) use drive::{Ended, conclude, drive, fault_of_trap, timed_out};
pub(crate) use live_objects::live_objects;

use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::request::Incoming;
use crate::error::Fault;
use crate::guest::{Guest, put};
use crate::image::Image;
use crate::invocation::{Call, Outcome, Response};
use crate::limits::Limits;
use crate::providers::Grants;
use crate::sandbox::{Sandbox, fuel_left};
use crate::script::Script;

/// See [`crate::Engine::invoke`].
pub(crate) async fn invoke(
    guest: &Guest,
    image: &Image,
    call: Call,
    reply: oneshot::Sender<Result<Response, Fault>>,
) -> Outcome {
    enter(guest, Entry::Image(image), call, reply).await
}

/// See [`crate::Engine::run_script`].
pub(crate) async fn run_script(
    guest: &Guest,
    base: &Image,
    script: &Script,
    call: Call,
    reply: oneshot::Sender<Result<Response, Fault>>,
) -> Outcome {
    enter(guest, Entry::Script(base, &script.bytecode), call, reply).await
}

/// What a sandbox begins with.
enum Entry<'a> {
    /// A function's memory.
    Image(&'a Image),
    /// The engine's memory, and bytecode that has yet to be evaluated.
    Script(&'a Image, &'a [u8]),
}

async fn enter(
    guest: &Guest,
    entry: Entry<'_>,
    call: Call,
    reply: oneshot::Sender<Result<Response, Fault>>,
) -> Outcome {
    let Call { request, context, grants, limits, disconnected } = call;
    let started = Instant::now();
    let deadline = Deadline::new(started, limits.timeout);
    let recorded = limits.recording_bytes > 0;
    let incoming = Incoming::new(request, context, grants.env.clone(), recorded);
    let completion = Completion::new(Some(reply), deadline.clone(), &limits);
    let mut store = guest.store(started, incoming, completion, grants, &limits);
    store.data_mut().disconnected = Some(disconnected);
    let ended = match entry {
        Entry::Image(image) => drive(run(guest, &mut store, image), &deadline).await,
        Entry::Script(base, bytecode) => {
            drive(load_and_run(guest, &mut store, base, bytecode), &deadline).await
        }
    };
    conclude(&mut store, ended, &limits).await;
    collect(store, started, &limits)
}

/// See [`crate::Engine::instantiate_only`].
pub(crate) fn instantiate_only(guest: &Guest, image: &Image) -> wasmtime::Result<()> {
    let limits = Limits::default();
    let started = Instant::now();
    let completion = Completion::unattended(Deadline::new(started, limits.timeout), &limits);
    let mut store = guest.store(started, Incoming::default(), completion, Grants::default(), &limits);
    guest.instantiate(&mut store, image)?;
    Ok(())
}

/// Evaluates bytecode over the engine's image, and calls the handler that it exports.
async fn load_and_run(
    guest: &Guest,
    store: &mut Store<Sandbox>,
    base: &Image,
    bytecode: &[u8],
) -> wasmtime::Result<()> {
    let instance = guest.instantiate(store, base)?;
    let (ptr, len) = put(&instance, store, bytecode).await?;
    let load = instance.get_typed_func::<(u32, u32), u32>(&mut *store, "load_once")?;
    if load.call_async(&mut *store, (ptr, len)).await? != 0 {
        let left = fuel_left(store);
        store.data_mut().completion.not_loaded(left);
        return Ok(());
    }
    let handle = instance.get_typed_func::<u32, ()>(&mut *store, "handle")?;
    let head = store.data().incoming.head.len() as u32;
    handle.call_async(store, head).await
}

/// Puts the guest over an image and calls the function's handler.
pub(crate) async fn run(guest: &Guest, store: &mut Store<Sandbox>, image: &Image) -> wasmtime::Result<()> {
    let instance = guest.instantiate(store, image)?;
    let handle = instance.get_typed_func::<u32, ()>(&mut *store, "handle")?;
    let head = store.data().incoming.head.len() as u32;
    handle.call_async(store, head).await
}
