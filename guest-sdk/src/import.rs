//! The host's functions, each behind a safe one: the only `unsafe` of this crate, with the exports in `exports.rs`.
#![allow(unsafe_code, reason = "calls to imported functions, and the memory they fill")]

use mayfly_abi::op::{HostCall, Operation, SUBMIT_REFUSED};

#[link(wasm_import_module = "mayfly")]
unsafe extern "C" {
    fn call(op: u32, ptr: *mut u8, len: usize) -> u64;
    fn submit(op: u32, ptr: *const u8, len: usize) -> u32;
    fn poll() -> u64;
    #[link_name = "compute"]
    fn host_compute(ptr: *const u8, len: usize) -> u64;
}

/// Sends bytes with a call and returns the host's answer.
pub(crate) fn send(op: HostCall, bytes: &[u8]) -> u64 {
    // SAFETY: the host only reads these bytes for calls that send.
    unsafe { call(op as u32, bytes.as_ptr().cast_mut(), bytes.len()) }
}

/// Sends a number with a call that takes no bytes.
pub(crate) fn send_number(op: HostCall, number: u32) -> u64 {
    // SAFETY: the host treats the pointer as a number for these calls and touches no memory.
    unsafe { call(op as u32, number as *mut u8, 0) }
}

/// Lets the host fill a buffer; returns the whole length of what there was.
pub(crate) fn fill(op: HostCall, buffer: &mut [u8]) -> usize {
    // SAFETY: the host writes at most `len` bytes.
    unsafe { call(op as u32, buffer.as_mut_ptr(), buffer.len()) as usize }
}

/// Lets the host fill a vector of the right length, asking again where the guess was too small.
pub(crate) fn read(op: HostCall, guess: usize) -> Vec<u8> {
    let mut bytes = vec![0; guess];
    loop {
        let length = fill(op, &mut bytes);
        if length <= bytes.len() {
            bytes.truncate(length);
            return bytes;
        }
        bytes.resize(length, 0);
    }
}

/// Lets the host fill a vector of exactly the right length, which it is asked for first: a guess is paid for by its length.
pub(crate) fn read_exactly(op: HostCall) -> Vec<u8> {
    let length = fill(op, &mut []);
    read(op, length)
}

/// Begins an operation; `None` when this invocation has reached its limit of operations.
pub(crate) fn begin(op: Operation, bytes: &[u8]) -> Option<u32> {
    // SAFETY: the host only reads these bytes.
    let number = unsafe { submit(op as u32, bytes.as_ptr(), bytes.len()) };
    (number != SUBMIT_REFUSED).then_some(number)
}

/// Has the host compute something: its status, and the length of what `HostCall::Computed` then fills.
pub(crate) fn compute(frame: &[u8]) -> (u32, usize) {
    // SAFETY: the host only reads these bytes.
    let packed = unsafe { host_compute(frame.as_ptr(), frame.len()) };
    ((packed >> 32) as u32, packed as u32 as usize)
}

/// Waits until an operation has finished: its number and the length of its answer; `None` when none is pending.
pub(crate) fn wait() -> Option<(u32, usize)> {
    // SAFETY: no memory is involved.
    let packed = unsafe { poll() };
    (packed != 0).then_some(((packed >> 32) as u32, packed as u32 as usize))
}
