//! Fills the heap's gaps before a snapshot is taken, and says when the engine's arenas are used.
//!
//! What an invocation allocates would otherwise land in the gaps that compiling and evaluating left all over the heap,
//! and every page it lands on must be copied for that invocation alone. With the gaps filled, new things stand side by
//! side at the end: a tenth of the pages. The fillings are zeroes, which an image does not hold.
#![allow(unsafe_code, reason = "allocations that are kept on purpose, and never freed")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::arch::wasm32::memory_size;
use std::mem::replace;
use std::ptr::null_mut;

use javy_plugin_api::javy::quickjs::qjs;

// What is asked for until the heap has to grow; no larger, because images reach to the end of it.
const PROBE_BYTES: usize = 64 << 10;
// What the allocator adds to an allocation, at most.
const OVERHEAD_BYTES: usize = 64;
const SMALLEST_BYTES: usize = 8;
const LARGEST_BYTES: usize = 64 << 10;

/// The small allocations of an invocation that do without the engine's arenas. An arena has a page for each size of block: an
/// invocation that allocates little would copy more pages for them than it saves time.
const ALLOCATIONS_WITHOUT_ARENAS: u32 = 3000;

/// From here on the engine's arenas are used, unless little is allocated. Until then each allocation is the C library's: what an image
/// holds has its place of its own.
pub(crate) fn use_arenas() {
    // SAFETY: a number is set.
    unsafe { qjs::JS_SetArenaWait(ALLOCATIONS_WITHOUT_ARENAS) }
}

/// Fills every gap below the heap's end.
pub(crate) fn fill_gaps() {
    let Some(end) = end_of_heap() else { return };
    let mut size = LARGEST_BYTES;
    while size >= SMALLEST_BYTES {
        fill_gaps_of(size, end);
        size = if size > 512 { size / 2 } else { size - 8 };
    }
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, 8).ok()
}

/// Where the part of the heap begins that nothing was ever allocated in: a probe that the memory had to grow for lies
/// there, and so do those side by side before it. Probes that went into gaps stay there, as fillings.
fn end_of_heap() -> Option<usize> {
    let layout = layout(PROBE_BYTES)?;
    // The probes side by side, each with the address of the one before it in its first word.
    let mut last: *mut Probe = null_mut();
    loop {
        let pages = memory_size(0);
        // SAFETY: the layout is not empty, and has room for a word.
        let probe = unsafe { alloc_zeroed(layout) }.cast::<Probe>();
        if probe.is_null() || !is_beside(probe, last) {
            unlink(last, |_| {});
            last = null_mut();
        }
        if probe.is_null() {
            return None;
        }
        // SAFETY: it was allocated above, with the alignment of a word.
        unsafe { (*probe).before = last };
        last = probe;
        if memory_size(0) > pages {
            break;
        }
    }
    let mut first = last;
    unlink(last, |probe| {
        first = probe;
        // SAFETY: it was allocated above with this layout, and is in no list any more.
        unsafe { dealloc(probe.cast(), layout) };
    });
    Some(first as usize)
}

struct Probe {
    before: *mut Probe,
}

fn is_beside(probe: *mut Probe, last: *mut Probe) -> bool {
    (probe as usize).wrapping_sub(last as usize) <= PROBE_BYTES + OVERHEAD_BYTES
}

/// Takes a list of probes apart, from the last to the first, and leaves zeroes in them.
fn unlink(last: *mut Probe, mut each: impl FnMut(*mut Probe)) {
    let mut probe = last;
    while !probe.is_null() {
        // SAFETY: it is in the list, so `end_of_heap` allocated it and nothing has freed it.
        let before = unsafe { replace(&mut (*probe).before, null_mut()) };
        each(probe);
        probe = before;
    }
}

fn fill_gaps_of(size: usize, end: usize) {
    let Some(layout) = layout(size) else { return };
    loop {
        // SAFETY: the layout is not empty; what is given back was allocated with it.
        unsafe {
            let filling = alloc_zeroed(layout);
            if filling.is_null() {
                return;
            }
            if filling as usize >= end {
                dealloc(filling, layout);
                return;
            }
        }
    }
}
