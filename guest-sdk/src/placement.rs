//! The allocation layout: puts side by side what invocations write to, of what the prelude makes.
//!
//! An invocation writes to few bytes of the engine image, reference counts above all, but they are spread over the whole
//! heap, and each page of it that is written to is copied, and put back afterwards; what it reads is mapped, with the pages
//! around it. While the runtime is made, which takes the same steps every time, the allocations are counted, and those that the
//! host's plan names get places in arenas of their own. A plan that was made for other steps wastes these places and harms nothing.
//!
//! The linker leads every call of the C library's allocator through here (`--wrap` in `build.sh`).
#![allow(unsafe_code, reason = "an allocator: docs/decisions/0019-allocation-layout.md")]

use std::cell::{Cell, RefCell};
use std::ptr::copy_nonoverlapping;

use mayfly_abi::placement::{ALIGN_BYTES, FIRST_ARENA_BYTES, FREED, HEADER_BYTES, LOGGED_BYTES, LayoutEntry};

/// What small invocations allocate, and what small functions consist of, next to what all of them touch.
const ROOM_BYTES: [usize; 2] = [16 << 10, 16 << 10];

unsafe extern "C" {
    fn __real_malloc(size: usize) -> *mut u8;
    fn __real_calloc(count: usize, size: usize) -> *mut u8;
    fn __real_realloc(old: *mut u8, size: usize) -> *mut u8;
    fn __real_free(old: *mut u8);
}

thread_local! {
    /// Whether allocations are counted: only while the runtime is made.
    static COUNTING: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u32> = const { Cell::new(0) };
    /// Where the arenas lie, and their sizes: allocations like any other, the first of all.
    static ARENAS: Cell<[(usize, usize); 2]> = const { Cell::new([(0, 0); 2]) };
    /// Kept free between the arenas: for an invocation, and for a function.
    static ROOMS: Cell<[usize; 2]> = const { Cell::new([0; 2]) };
    static PLAN: RefCell<Vec<LayoutEntry>> = const { RefCell::new(Vec::new()) };
    /// The first place of the plan that was not reached yet.
    static NEXT: Cell<usize> = const { Cell::new(0) };
    /// The log that was asked for, with its room.
    static LOG: RefCell<Vec<[u32; LOGGED_BYTES / 4]>> = const { RefCell::new(Vec::new()) };
}

/// Counts the allocations of `work`, and places those that are planned.
pub(crate) fn with_layout<R>(work: impl FnOnce() -> R) -> R {
    COUNTING.set(true);
    let made = work();
    COUNTING.set(false);
    let mut plan = PLAN.take();
    plan.fill(LayoutEntry { ordinal: 0, offset: 0, bytes: 0 });
    made
}

/// Makes the arenas, and the rooms between them. Before anything else is asked for they are beside the guest's own variables, which
/// every invocation writes to as well.
#[unsafe(no_mangle)]
pub extern "C" fn reserve(bytes: usize) {
    // SAFETY: each is asked for and kept.
    let made = |bytes: usize| unsafe { __real_calloc(1, bytes) } as usize;
    let first = bytes.min(FIRST_ARENA_BYTES);
    let (first, rooms) = ((made(first), first), ROOM_BYTES.map(made));
    let second = bytes - first.1;
    ARENAS.set([first, (made(second), second)].map(|(at, bytes)| if at == 0 { (0, 0) } else { (at, bytes) }));
    ROOMS.set(rooms);
}

/// Leaves a room to what the function consists of, which is allocated next.
pub(crate) fn open_room_of_function() {
    let [invocation, function] = ROOMS.get();
    ROOMS.set([invocation, 0]);
    // SAFETY: `reserve` asked for it, and it is given back once.
    unsafe { __real_free(function as *mut u8) }
}

/// Leaves a room to what an invocation allocates next.
pub(crate) fn open_room_of_invocation() {
    let [invocation, function] = ROOMS.get();
    ROOMS.set([0, function]);
    // SAFETY: `reserve` asked for it, and it is given back once.
    unsafe { __real_free(invocation as *mut u8) }
}

/// Takes the plan for the allocations that come next, by ascending ordinals.
#[unsafe(no_mangle)]
pub extern "C" fn plan(bytes: *mut u8, length: usize) {
    // SAFETY: the host allocated exactly these bytes for this call, and forgets them.
    let mut bytes = unsafe { Vec::from_raw_parts(bytes, length, length) };
    PLAN.set(LayoutEntry::read_all(&bytes).collect());
    bytes.fill(0);
}

/// Keeps a log of the allocations that come next, at most `entries` of them: for making plans.
#[unsafe(no_mangle)]
pub extern "C" fn log_allocations(entries: usize) {
    LOG.set(Vec::with_capacity(entries));
}

/// Where the log lies, and its length in the upper half.
#[unsafe(no_mangle)]
pub extern "C" fn logged_allocations() -> u64 {
    LOG.with_borrow(|log| ((log.len() * LOGGED_BYTES) as u64) << 32 | log.as_ptr() as u64)
}

fn log(address: *mut u8, size: u32) {
    if COUNTING.get() && !address.is_null() {
        LOG.with_borrow_mut(|log| {
            // Growing it would be an allocation.
            if log.len() < log.capacity() {
                log.push([address as u32, size]);
            }
        });
    }
}

/// The planned place of the allocation that is being made.
fn place(size: usize) -> Option<*mut u8> {
    if !COUNTING.get() {
        return None;
    }
    let ordinal = COUNT.get() + 1;
    COUNT.set(ordinal);
    let place = PLAN.with_borrow(|plan| plan.get(NEXT.get()).copied())?;
    if place.ordinal != ordinal {
        return None;
    }
    NEXT.set(NEXT.get() + 1);
    let offset = place.offset as usize;
    let [first, second] = ARENAS.get();
    let ((arena, bytes), start) =
        if offset < FIRST_ARENA_BYTES { (first, offset) } else { (second, offset - FIRST_ARENA_BYTES) };
    let end = start.saturating_add(place.bytes as usize);
    let is_sound = start >= ALIGN_BYTES && start.is_multiple_of(ALIGN_BYTES) && end <= bytes;
    if !is_sound || size > place.bytes as usize {
        return None;
    }
    // SAFETY: the place, and the header before it, are within the arena, and places of a plan do not overlap.
    unsafe {
        let address = (arena as *mut u8).add(start);
        address.sub(HEADER_BYTES).cast::<u32>().write(place.bytes);
        Some(address)
    }
}

fn is_placed(address: *mut u8) -> bool {
    ARENAS.get().into_iter().any(|(arena, bytes)| (address as usize).wrapping_sub(arena) < bytes)
}

/// What was placed stays where it is for as long as it needs no more than its room.
///
/// # Safety
/// `old` is placed.
unsafe fn room(old: *mut u8) -> usize {
    // SAFETY: `place` wrote it there.
    unsafe { old.sub(HEADER_BYTES).cast::<u32>().read() as usize }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_malloc(size: usize) -> *mut u8 {
    // SAFETY: the arguments are the caller's.
    let new = place(size).unwrap_or_else(|| unsafe { __real_malloc(size) });
    log(new, size as u32);
    new
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_calloc(count: usize, size: usize) -> *mut u8 {
    let bytes = count.saturating_mul(size);
    // A place is given once, and the arena is zeroes. SAFETY: the arguments are the caller's.
    let new = place(bytes).unwrap_or_else(|| unsafe { __real_calloc(count, size) });
    log(new, bytes as u32);
    new
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_realloc(old: *mut u8, size: usize) -> *mut u8 {
    let placed = place(size);
    if placed.is_none() && !is_placed(old) {
        // SAFETY: the arguments are the caller's, and `old` is of the C library.
        let new = unsafe { __real_realloc(old, size) };
        log(old, FREED);
        log(new, size as u32);
        return new;
    }
    // SAFETY: the arguments are the caller's; what is moved are as many bytes as both have.
    unsafe {
        let new = match placed {
            Some(new) => new,
            None if size <= room(old) => return old,
            None => __real_malloc(size),
        };
        if !old.is_null() && !new.is_null() {
            copy_nonoverlapping(old, new, size.min(old_bytes(old)));
            __wrap_free(old);
        }
        log(new, size as u32);
        new
    }
}

/// # Safety
/// `old` is allocated.
unsafe fn old_bytes(old: *mut u8) -> usize {
    unsafe extern "C" {
        fn malloc_usable_size(old: *mut u8) -> usize;
    }
    // SAFETY: it is of this allocator or of the other.
    unsafe { if is_placed(old) { room(old) } else { malloc_usable_size(old) } }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_free(old: *mut u8) {
    log(old, FREED);
    if !is_placed(old) {
        // SAFETY: the caller's, and of the C library.
        unsafe { __real_free(old) };
    }
}
