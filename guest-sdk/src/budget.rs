//! Ends a function that has used up its CPU budget between two of its own steps, so that its error can say where.
#![allow(
    unsafe_code,
    reason = "the safe layer can neither set an interrupt handler nor name a running context"
)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::{NonNull, null_mut};

use javy_plugin_api::javy::quickjs::{Ctx, qjs};
use mayfly_abi::EMPTY_ANSWER;
use mayfly_abi::op::HostCall;

use crate::import;

// What the engine writes of a frame of which it does not know the place.
const UNKNOWN: &str = "(missing)";

thread_local! {
    static OVER: Cell<bool> = const { Cell::new(false) };
    static STACK: Cell<String> = const { Cell::new(String::new()) };
    // With the language's own `Error`, which knows how to look at the stack.
    static CONTEXT: Cell<Option<(NonNull<qjs::JSContext>, qjs::JSValue)>> = const { Cell::new(None) };
}

/// Whether the budget was used up.
pub(crate) fn is_over() -> bool {
    OVER.get()
}

/// Lets the interpreter ask, every ten thousand of its steps, whether it may go on.
pub(crate) fn watch(ctx: &Ctx<'_>) {
    let context = ctx.as_raw();
    // SAFETY: the runtime is the context's own, and the handler needs nothing but this module's cells. The constructor
    // is never given back, as the context is not.
    unsafe {
        let global = qjs::JS_GetGlobalObject(context.as_ptr());
        let constructor = qjs::JS_GetPropertyStr(context.as_ptr(), global, c"Error".as_ptr());
        qjs::JS_FreeValue(context.as_ptr(), global);
        CONTEXT.set(Some((context, constructor)));
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

/// The stack as it stands. It is never freed: its guest is at its end.
fn look() -> Option<(*const u8, usize)> {
    let (context, constructor) = CONTEXT.get()?;
    let context = context.as_ptr();
    // SAFETY: the context and its constructor live as long as the instance. The heap may be in the middle of a change:
    // the worst of that is another trap.
    unsafe {
        let error = qjs::JS_CallConstructor(context, constructor, 0, null_mut());
        let stack = qjs::JS_GetPropertyStr(context, error, c"stack".as_ptr());
        let mut length = 0;
        let text = qjs::JS_ToCStringLen2(context, &mut length, stack, false);
        (!text.is_null()).then_some((text.cast(), length as usize))
    }
}
