//! Ends a function that has used up its CPU budget between two of its own steps, so that its error can say where.
#![allow(
    unsafe_code,
    reason = "the safe layer can neither set an interrupt handler nor name a running context"
)]

use std::cell::Cell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::{NonNull, null_mut};

use javy_plugin_api::javy::quickjs::{Ctx, Value, qjs};
use mayfly_abi::EMPTY_ANSWER;
use mayfly_abi::op::HostCall;

use crate::{import, pending};

// What the engine writes of a frame of which it does not know the place.
const UNKNOWN: &str = "(missing)";
const STACK_BYTES_MAX: usize = 8 << 10;

thread_local! {
    static OVER: Cell<bool> = const { Cell::new(false) };
    static STACK: Cell<String> = const { Cell::new(String::new()) };
    static CONTEXT: Cell<Option<NonNull<qjs::JSContext>>> = const { Cell::new(None) };
    // Where a stack is written: at that point nothing may be allocated.
    static TEXT: Cell<[u8; STACK_BYTES_MAX]> = const { Cell::new([0; STACK_BYTES_MAX]) };
}

/// Whether the budget was used up.
pub(crate) fn is_over() -> bool {
    OVER.get()
}

/// Lets the interpreter ask, every ten thousand of its steps, whether it may go on.
pub(crate) fn watch(ctx: &Ctx<'_>) {
    let context = ctx.as_raw();
    CONTEXT.set(Some(context));
    // SAFETY: the runtime is the context's own, and the handler needs nothing but this module's cells.
    unsafe {
        let runtime = qjs::JS_GetRuntime(context.as_ptr());
        qjs::JS_SetInterruptHandler(runtime, Some(interrupt), null_mut());
    }
}

/// The stack when the budget was found to be used up: what the frames last did. An error that is thrown at the end of an
/// iteration would name where the next one begins instead.
pub(crate) fn stack() -> Option<String> {
    // A frame that has done nothing yet has no place.
    Some(STACK.take()).filter(|stack| stack.lines().next().is_some_and(|frame| !frame.ends_with(UNKNOWN)))
}

unsafe extern "C" fn interrupt(_: *mut qjs::JSRuntime, _: *mut c_void) -> c_int {
    if !OVER.get() && import::send_number(HostCall::IsOverBudget, 0) != 0 {
        OVER.set(true);
        // SAFETY: the bytes are the engine's, of this length, until the instance is gone.
        let stack = look().map(|(text, length)| unsafe { std::slice::from_raw_parts(text, length) });
        STACK.set(String::from_utf8_lossy(stack.unwrap_or_default()).into_owned());
    }
    c_int::from(OVER.get())
}

/// The interrupted stack: where its bytes lie, and how many in the upper half. Called by the host when this guest has
/// trapped, so nothing here may rely on anything but the engine's frames; if that fails, the host goes without.
#[unsafe(no_mangle)]
pub extern "C" fn interrupted_stack() -> u64 {
    look().map_or(EMPTY_ANSWER, |(text, length)| (length as u64) << 32 | text as u64)
}

/// The functions that wait for an operation: where their bytes lie, and how many in the upper half. Called by the host when this
/// guest has waited until its time was up: the runtime is locked for good then, so its context is used as it is.
#[unsafe(no_mangle)]
pub extern "C" fn awaiting_stack(operation: u32) -> u64 {
    let Some(context) = CONTEXT.get() else { return EMPTY_ANSWER };
    // SAFETY: the context lives as long as the instance, and nothing else runs.
    let ctx = unsafe { Ctx::from_raw(context) };
    let Some(value) = pending::awaited(&ctx, operation) else { return EMPTY_ANSWER };
    let (text, length) = frames_behind(&ctx, &value);
    if length == 0 {
        return EMPTY_ANSWER;
    }
    (length as u64) << 32 | text as u64
}

/// The functions that wait for what is called or settled by `value`, as the lines of a stack.
pub(crate) fn waiting_stack(ctx: &Ctx<'_>, value: &Value<'_>) -> String {
    let (text, length) = frames_behind(ctx, value);
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the bytes are the engine's, of this length, and ours to free.
    unsafe {
        let stack =
            String::from_utf8_lossy(std::slice::from_raw_parts(text.cast::<u8>(), length)).into_owned();
        qjs::js_free(ctx.as_raw().as_ptr(), text.cast());
        stack
    }
}

fn frames_behind(ctx: &Ctx<'_>, value: &Value<'_>) -> (*mut c_char, usize) {
    let mut length = 0;
    // SAFETY: the value is the context's own; nothing is changed by this.
    let text = unsafe { qjs::JS_AwaitStack(ctx.as_raw().as_ptr(), value.as_raw(), &raw mut length) };
    (text, if text.is_null() { 0 } else { length as usize })
}

/// The stack as it stands.
fn look() -> Option<(*const u8, usize)> {
    let context = CONTEXT.get()?;
    let text = TEXT.with(|text| text.as_ptr().cast::<u8>());
    // SAFETY: the context lives as long as the instance, and the bytes are this module's. The heap may be in the middle of a change:
    // the worst of that is another trap.
    let length = unsafe { qjs::JS_RunningStack(context.as_ptr(), text.cast(), STACK_BYTES_MAX as _) };
    (length > 0).then_some((text.cast_const(), length as usize))
}
