//! How many objects live in a sandbox's heap after an invocation: for comparing compiled functions with interpreted ones.

use std::time::Instant;

use super::run;
use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::request::Incoming;
use crate::guest::Guest;
use crate::image::Image;
use crate::invocation::Call;

/// See [`crate::Engine::live_objects`].
pub(crate) async fn live_objects(guest: &Guest, image: &Image, call: Call) -> wasmtime::Result<u32> {
    let Call { request, context, grants, limits, .. } = call;
    let started = Instant::now();
    let incoming = Incoming::new(request, context, grants.env.clone(), false);
    let completion = Completion::unattended(Deadline::new(started, limits.timeout), &limits);
    let mut store = guest.store(started, incoming, completion, grants, &limits);
    run(guest, &mut store, image).await?;
    let instance = store.data().instance.ok_or_else(|| wasmtime::Error::msg("a sandbox without a guest"))?;
    let count = instance.get_typed_func::<(), u32>(&mut store, "native_live_objects")?;
    count.call_async(&mut store, ()).await
}
