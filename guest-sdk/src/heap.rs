//! Leaves the heap without holes before a snapshot is taken.
//!
//! What an invocation allocates would otherwise land in the gaps that compiling and evaluating left all over the heap,
//! and every page it lands on must be copied for that invocation alone. With the gaps filled, new things stand side by
//! side at the end: a tenth of the pages. The fillings are zeroes, which an image does not hold.
#![allow(unsafe_code, reason = "allocations that are kept on purpose, and never freed")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::arch::wasm32::memory_size;

// What is asked for until the heap has to grow; no larger, because images reach to the end of it.
const PROBE_BYTES: usize = 64 << 10;
const SMALLEST_BYTES: usize = 8;
const LARGEST_BYTES: usize = 64 << 10;

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
    let (mut first, mut last) = (0, 0);
    loop {
        let pages = memory_size(0);
        // SAFETY: the layout is not empty.
        let probe = unsafe { alloc_zeroed(layout) } as usize;
        if probe == 0 {
            return None;
        }
        if !(last..last + 2 * PROBE_BYTES).contains(&probe) {
            first = probe;
        }
        last = probe;
        if memory_size(0) > pages {
            break;
        }
    }
    give_back(first, last, layout);
    Some(first)
}

/// Frees the probes from the first to the last, which lie side by side.
fn give_back(first: usize, last: usize, layout: Layout) {
    let between = (last - first) / PROBE_BYTES;
    let stride = (last - first).checked_div(between).unwrap_or(PROBE_BYTES);
    for probe in (first..=last).step_by(stride) {
        // SAFETY: `end_of_heap` allocated each of them with this layout, and nothing else knows of them.
        unsafe { dealloc(probe as *mut u8, layout) };
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
