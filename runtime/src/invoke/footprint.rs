//! What an invocation costs its slot: the pages that it writes are what is copied on write and put back afterwards.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Instant;

use super::{Call, unattended};
use crate::engine::Engine;
use crate::host::ending::Deadline;
use crate::host::request::Incoming;
use crate::image::Image;

const PAGE_BYTES: usize = 4096;
// One of these describes a page in the kernel's map.
const ENTRY_BYTES: usize = size_of::<u64>();
const PRESENT: u64 = 1 << 63;
const OF_A_FILE: u64 = 1 << 61;

impl Engine {
    /// Runs one invocation, and answers the pages of 4 KiB of its memory that are its own now, in order. For measuring: an
    /// engine that nothing ran in before has no others.
    #[doc(hidden)]
    pub async fn written_pages(&self, image: &Image, call: Call) -> wasmtime::Result<Vec<usize>> {
        let Call { request, context, grants, limits, .. } = call;
        let started = Instant::now();
        let incoming = Incoming::new(request, context, grants.env.clone(), false);
        let ending = unattended(Deadline::new(started, limits.timeout), &limits);
        let mut store = self.inner.store(started, incoming, ending, grants, &limits);
        self.inner.run(&mut store, image).await?;
        let Some(memory) = store.data().memory else { return Ok(Vec::new()) };
        let pages = memory.data_size(&store) / PAGE_BYTES;
        let mut entries = vec![0; pages * ENTRY_BYTES];
        let first = memory.data_ptr(&store) as usize / PAGE_BYTES;
        File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, (first * ENTRY_BYTES) as u64)?;
        let is_own = |entry: &[u8; ENTRY_BYTES]| {
            let entry = u64::from_ne_bytes(*entry);
            entry & PRESENT != 0 && entry & OF_A_FILE == 0
        };
        let entries = entries.as_chunks::<ENTRY_BYTES>().0.iter().enumerate();
        Ok(entries.filter(|(_, entry)| is_own(entry)).map(|(page, _)| page).collect())
    }
}
