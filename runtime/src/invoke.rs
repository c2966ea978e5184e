//! One invocation: instantiate, call, collect, tear down.

mod collect;
mod drive;
#[cfg(target_os = "linux")]
pub(crate) mod footprint;
mod interrupted_stack;

use std::time::Instant;

use tokio::sync::oneshot;
use wasmtime::Store;

pub(crate) use collect::collect;
pub(crate) use drive::{Ended, conclude, drive, fault_of_trap};

use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::request::Incoming;
use crate::error::Fault;
use crate::guest::Guest;
use crate::image::Image;
use crate::invocation::{Call, Outcome, Response};
use crate::limits::Limits;
use crate::providers::Grants;
use crate::sandbox::Sandbox;

/// See [`crate::Engine::invoke`].
pub(crate) async fn invoke(
    guest: &Guest,
    image: &Image,
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
    let ended = drive(run(guest, &mut store, image), &deadline).await;
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

/// Puts the guest over an image and calls the function's handler.
pub(crate) async fn run(guest: &Guest, store: &mut Store<Sandbox>, image: &Image) -> wasmtime::Result<()> {
    let instance = guest.instantiate(store, image)?;
    let handle = instance.get_typed_func::<u32, ()>(&mut *store, "handle")?;
    let head = store.data().incoming.head.len() as u32;
    handle.call_async(store, head).await
}
