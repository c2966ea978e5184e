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
use mayfly_abi::op::Call;

use crate::import;

thread_local! {
    static OVER: Cell<bool> = const { Cell::new(false) };
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

unsafe extern "C" fn interrupt(_: *mut qjs::JSRuntime, _: *mut c_void) -> c_int {
    if import::send_number(Call::IsOverBudget, 0) != 0 {
        OVER.set(true);
    }
    c_int::from(OVER.get())
}

/// The stack as it stands: where its bytes lie, and how many in the upper half. Called by the host when this guest has
/// trapped, so nothing here may rely on anything but the engine's frames; if that fails, the host goes without.
#[unsafe(no_mangle)]
pub extern "C" fn whereabouts() -> u64 {
    let Some((context, constructor)) = CONTEXT.get() else { return EMPTY_ANSWER };
    let context = context.as_ptr();
    // SAFETY: the context and its constructor live as long as the instance. The heap may be in the middle of a change:
    // the worst of that is another trap.
    unsafe {
        let error = qjs::JS_CallConstructor(context, constructor, 0, null_mut());
        let stack = qjs::JS_GetPropertyStr(context, error, c"stack".as_ptr());
        let mut length = 0;
        let text = qjs::JS_ToCStringLen2(context, &mut length, stack, false);
        if text.is_null() { EMPTY_ANSWER } else { (length as u64) << 32 | text as u64 }
    }
}
