//! Which functions wait for a promise, or for what settles one.
#![allow(unsafe_code, reason = "the safe layer knows no promise's reactions")]

use std::ffi::c_char;

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, Value, qjs};

/// The functions that wait for what is called or settled by `value`, as the lines of a stack.
pub(crate) fn text(ctx: &Ctx<'_>, value: &Value<'_>) -> String {
    let (text, length) = bytes(ctx, value);
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

/// Where the bytes of these lines lie, and how many they are. The caller frees them.
pub(crate) fn bytes(ctx: &Ctx<'_>, value: &Value<'_>) -> (*mut c_char, usize) {
    let mut length = 0;
    // SAFETY: the value is the context's own; nothing is changed by this.
    let text = unsafe { qjs::JS_AwaitStack(ctx.as_raw().as_ptr(), value.as_raw(), &raw mut length) };
    (text, if text.is_null() { 0 } else { length as usize })
}

/// `waitingStack(promise)`, for errors that the prelude makes.
pub(crate) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set(
        "waitingStack",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, promise: Value<'js>| text(&ctx, &promise))?,
    )
}
