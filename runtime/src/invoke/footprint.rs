//! The memory footprint of an invocation: the pages that it writes are copied on write, and reset afterwards.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use wasmtime::{Memory, Store};

use super::run;
use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::request::Incoming;
use crate::guest::Guest;
use crate::guest::marked::{MARK_ADDRESS, Touched};
use crate::image::Image;
use crate::invocation::Call;
use crate::sandbox::Sandbox;

const PAGE_BYTES: usize = 4096;
// One of these describes a page in the kernel's map.
const ENTRY_BYTES: usize = size_of::<u64>();
const PRESENT: u64 = 1 << 63;
const OF_A_FILE: u64 = 1 << 61;

/// Which pages of its memory an invocation has used.
#[doc(hidden)]
#[derive(Debug)]
pub struct Footprint {
    /// The numbers of those that it has written to: they are no longer the image's.
    pub written: Vec<usize>,
    /// How many there are in all, with those of the image that the kernel mapped beside what was read. Each is looked at when the
    /// slot is given back.
    pub mapped: usize,
}

/// See [`crate::Engine::footprint`].
pub(crate) async fn footprint(guest: &Guest, image: &Image, call: Call) -> wasmtime::Result<Footprint> {
    let mut store = watched(guest, call);
    run(guest, &mut store, image).await?;
    let memory = memory(&store)?;
    Ok(used_pages(memory.data_ptr(&store) as usize, memory.data_size(&store) / PAGE_BYTES)?)
}

/// See [`crate::Engine::touched`].
pub(crate) async fn touched(guest: &Guest, image: &Image, call: Call) -> wasmtime::Result<Touched> {
    let mut store = watched(guest, call);
    let instance = guest.instantiate(&mut store, image)?;
    let memory = memory(&store)?;
    memory.write(&mut store, MARK_ADDRESS, &[1])?;
    let handle = instance.get_typed_func::<u32, ()>(&mut store, "handle")?;
    let head = store.data().incoming.head.len() as u32;
    handle.call_async(&mut store, head).await?;
    Ok(Touched::of(memory.data(&store)))
}

fn watched(guest: &Guest, call: Call) -> Store<Sandbox> {
    let Call { request, context, grants, limits, .. } = call;
    let started = Instant::now();
    let incoming = Incoming::new(request, context, grants.env.clone(), false);
    let completion = Completion::unattended(Deadline::new(started, limits.timeout), &limits);
    guest.store(started, incoming, completion, grants, &limits)
}

fn memory(store: &Store<Sandbox>) -> wasmtime::Result<Memory> {
    store.data().memory.ok_or_else(|| wasmtime::Error::msg("the sandbox has no memory"))
}

/// As the kernel sees it. What the memory has grown by is no part of the image.
fn used_pages(address: usize, pages: usize) -> io::Result<Footprint> {
    let mut entries = vec![0; pages * ENTRY_BYTES];
    let first = address / PAGE_BYTES;
    File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, (first * ENTRY_BYTES) as u64)?;
    let entries = entries.as_chunks::<ENTRY_BYTES>().0.iter().map(|entry| u64::from_ne_bytes(*entry));
    let mapped: Vec<_> = entries.enumerate().filter(|(_, entry)| entry & PRESENT != 0).collect();
    let written = mapped.iter().filter(|(_, entry)| entry & OF_A_FILE == 0).map(|(page, _)| *page);
    Ok(Footprint { written: written.collect(), mapped: mapped.len() })
}
