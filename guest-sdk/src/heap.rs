//! Leaves the heap without holes before a snapshot is taken.
//!
//! What an invocation allocates would otherwise land in the gaps that compiling and evaluating left all over the heap,
//! and every page it lands on must be copied for that invocation alone. With the gaps filled, new things stand side by
//! side at the end: a tenth of the pages. The fillings are zeroes, which an image does not hold.
#![allow(unsafe_code, reason = "allocations that are kept on purpose, and never freed")]

use std::alloc::{Layout, alloc_zeroed, dealloc};

// Larger than any gap, so that it can only come from the heap's end; no larger, because images reach to the end of it.
const PROBE_BYTES: usize = 256 << 10;
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

/// Where the part of the heap begins that nothing was ever allocated in.
fn end_of_heap() -> Option<usize> {
    let layout = layout(PROBE_BYTES)?;
    // SAFETY: the layout is not empty, and what was allocated with it is given back with it.
    unsafe {
        let probe = alloc_zeroed(layout);
        if probe.is_null() {
            return None;
        }
        dealloc(probe, layout);
        Some(probe as usize)
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
