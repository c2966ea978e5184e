//! The memory footprint of an invocation: the pages that it writes are copied on write, and reset afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::future::poll_fn;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use wasmtime::Store;

use super::run;
use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::request::Incoming;
use crate::guest::Guest;
use crate::image::Image;
use crate::invocation::Call;
use crate::sandbox::Sandbox;

const PAGE_BYTES: usize = 4096;
const GRANULE_BYTES: usize = 16;
// One of these describes a page in the kernel's map.
const ENTRY_BYTES: usize = size_of::<u64>();
const PRESENT: u64 = 1 << 63;
const OF_A_FILE: u64 = 1 << 61;
/// What is put back between two looks is missed: a look every few operations of the interpreter misses little.
const FUEL_BETWEEN_LOOKS: u64 = 500;

/// See [`crate::Engine::written_pages`].
pub(crate) async fn written_pages(guest: &Guest, image: &Image, call: Call) -> wasmtime::Result<Vec<usize>> {
    let mut store = watched(guest, call);
    run(guest, &mut store, image).await?;
    Ok(Memory::of(&store)?.own_pages()?)
}

/// See [`crate::Engine::written_addresses`].
pub(crate) async fn written_addresses(
    guest: &Guest,
    image: &Image,
    call: Call,
) -> wasmtime::Result<BTreeSet<usize>> {
    let mut store = watched(guest, call);
    let instance = guest.instantiate(&mut store, image)?;
    store.fuel_async_yield_interval(Some(FUEL_BETWEEN_LOOKS))?;
    let memory = Memory::of(&store)?;
    let mut looks = Looks::new(memory)?;
    let handle = instance.get_typed_func::<u32, ()>(&mut store, "handle")?;
    let head = store.data().incoming.head.len() as u32;
    let mut running = pin!(handle.call_async(&mut store, head));
    poll_fn(|cx| {
        let polled = running.as_mut().poll(cx);
        match looks.look() {
            Ok(()) => polled,
            Err(error) => Poll::Ready(Err(error.into())),
        }
    })
    .await?;
    Ok(looks.written)
}

fn watched(guest: &Guest, call: Call) -> Store<Sandbox> {
    let Call { request, context, grants, limits, .. } = call;
    let started = Instant::now();
    let incoming = Incoming::new(request, context, grants.env.clone(), false);
    let completion = Completion::unattended(Deadline::new(started, limits.timeout), &limits);
    guest.store(started, incoming, completion, grants, &limits)
}

/// A sandbox's memory as the kernel sees it, also while the guest runs.
struct Memory {
    address: usize,
    pages: usize,
    map: File,
    bytes: File,
}

impl Memory {
    /// As large as it is now: what it grows by is no part of the image.
    fn of(store: &Store<Sandbox>) -> wasmtime::Result<Self> {
        let memory = store.data().memory.ok_or_else(|| wasmtime::Error::msg("the sandbox has no memory"))?;
        Ok(Self {
            address: memory.data_ptr(store) as usize,
            pages: memory.data_size(store) / PAGE_BYTES,
            map: File::open("/proc/self/pagemap")?,
            bytes: File::open("/proc/self/mem")?,
        })
    }

    /// The pages that are no longer the image's.
    fn own_pages(&self) -> io::Result<Vec<usize>> {
        let mut entries = vec![0; self.pages * ENTRY_BYTES];
        let first = self.address / PAGE_BYTES;
        self.map.read_exact_at(&mut entries, (first * ENTRY_BYTES) as u64)?;
        let is_own = |entry: &[u8; ENTRY_BYTES]| {
            let entry = u64::from_ne_bytes(*entry);
            entry & PRESENT != 0 && entry & OF_A_FILE == 0
        };
        let entries = entries.as_chunks::<ENTRY_BYTES>().0.iter().enumerate();
        Ok(entries.filter(|(_, entry)| is_own(entry)).map(|(page, _)| page).collect())
    }

    fn page(&self, page: usize) -> io::Result<Page> {
        let mut bytes = [0; PAGE_BYTES];
        self.bytes.read_exact_at(&mut bytes, (self.address + page * PAGE_BYTES) as u64)?;
        Ok(bytes)
    }
}

type Page = [u8; PAGE_BYTES];

/// Looks at a memory again and again, and keeps what was ever not as at first.
struct Looks {
    memory: Memory,
    first: Vec<Page>,
    /// What a page was when it was last looked at, where that was not as at first.
    last: BTreeMap<usize, Page>,
    written: BTreeSet<usize>,
}

impl Looks {
    fn new(memory: Memory) -> io::Result<Self> {
        let first = (0..memory.pages).map(|page| memory.page(page)).collect::<io::Result<_>>()?;
        Ok(Self { memory, first, last: BTreeMap::new(), written: BTreeSet::new() })
    }

    fn look(&mut self) -> io::Result<()> {
        for page in self.memory.own_pages()? {
            let now = self.memory.page(page)?;
            let Some(first) = self.first.get(page) else { continue };
            if now == *self.last.get(&page).unwrap_or(first) {
                continue;
            }
            self.last.insert(page, now);
            for (at, (now, first)) in (0..).step_by(GRANULE_BYTES).zip(granules(&now).zip(granules(first))) {
                if now != first {
                    self.written.insert(page * PAGE_BYTES + at);
                }
            }
        }
        Ok(())
    }
}

fn granules(page: &Page) -> impl Iterator<Item = &[u8; GRANULE_BYTES]> {
    page.as_chunks().0.iter()
}
