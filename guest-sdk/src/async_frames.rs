//! Async context: the current frame, a value that comes back with every callback that was registered while it was set.
//! `AsyncLocalStorage` (`src/node/async_hooks.js`) is built on it.
#![allow(
    unsafe_code,
    reason = "the engine's safe layer knows no promise hook for a runtime that Javy made, and none for reactions"
)]

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, Value, qjs};

/// The events of `native/async-frames.h`: both handlers of a reaction, and the `then` of a foreign promise.
const REACTIONS: qjs::JSPromiseHookType = 100;
const FOREIGN: qjs::JSPromiseHookType = 101;
/// The steps of a reaction: its handler is called; the result is passed on, which may be a foreign promise; that is done.
const REACTION_BEGINS: qjs::JSPromiseHookType = 102;
const RESULT_GOES_ON: qjs::JSPromiseHookType = 103;
const RESULT_IS_ON: qjs::JSPromiseHookType = 104;

thread_local! {
    static TRACKING: Cell<bool> = const { Cell::new(false) };
    // A reference of its own; `None` outside of every frame.
    static FRAME: Cell<Option<qjs::JSValue>> = const { Cell::new(None) };
    // Where the last function that was called in a frame of its own left it; the same.
    static LEFT: Cell<Option<qjs::JSValue>> = const { Cell::new(None) };
}

/// From now on frames are followed. Until then all of this costs nothing.
fn track(ctx: Ctx<'_>) {
    if !TRACKING.replace(true) {
        // SAFETY: the runtime is the context's own, and the hook needs nothing that could go away.
        unsafe { qjs::JS_SetPromiseHook(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), Some(hook), null_mut()) }
    }
}

fn current<'js>(ctx: Ctx<'js>) -> Value<'js> {
    match FRAME.get() {
        // SAFETY: the value is this context's, and is counted once more.
        Some(frame) => unsafe {
            Value::from_raw(ctx.clone(), qjs::JS_DupValue(ctx.as_raw().as_ptr(), frame))
        },
        None => Value::new_undefined(ctx),
    }
}

fn enter<'js>(ctx: Ctx<'js>, frame: Value<'js>) {
    let frame = if frame.is_undefined() {
        None
    } else {
        // SAFETY: the value is this context's, and is counted once more.
        Some(unsafe { qjs::JS_DupValue(ctx.as_raw().as_ptr(), frame.as_raw()) })
    };
    if let Some(left) = FRAME.replace(frame) {
        // SAFETY: the reference was this cell's own.
        unsafe { qjs::JS_FreeValue(ctx.as_raw().as_ptr(), left) }
    }
}

/// What runs next belongs to no frame, until it says so.
pub(crate) fn leave(ctx: &Ctx<'_>) {
    if TRACKING.get() && FRAME.get().is_some() {
        enter(ctx.clone(), Value::new_undefined(ctx.clone()));
    }
}

/// The function, to be called in the frame that is current.
pub(crate) fn bound<'js>(ctx: &Ctx<'js>, function: Function<'js>) -> Function<'js> {
    if FRAME.get().is_none() {
        return function;
    }
    // SAFETY: the function is this context's; what comes back is a function, or null where there is no memory.
    let wrapped = unsafe { wrap(ctx.as_raw().as_ptr(), function.as_value().as_raw()) };
    match wrapped {
        // SAFETY: the reference is ours to give away.
        Some(wrapped) => unsafe { Value::from_raw(ctx.clone(), wrapped).into_function().unwrap_or(function) },
        None => function,
    }
}

/// # Safety
///
/// Both are the engine's, and alive.
unsafe fn wrap(ctx: *mut qjs::JSContext, function: qjs::JSValue) -> Option<qjs::JSValue> {
    let mut data = [function, FRAME.get()?];
    // SAFETY: as above; the engine counts what it keeps.
    unsafe {
        let wrapped = qjs::JS_NewCFunctionData(ctx, Some(call), 1, 0, 2, data.as_mut_ptr());
        if qjs::JS_IsFunction(ctx, wrapped) {
            return Some(wrapped);
        }
        qjs::JS_FreeValue(ctx, qjs::JS_GetException(ctx));
        None
    }
}

unsafe extern "C" fn hook(
    ctx: *mut qjs::JSContext,
    event: qjs::JSPromiseHookType,
    _: qjs::JSValue,
    _: qjs::JSValue,
    shown: *mut c_void,
) {
    let count = match event {
        REACTIONS => 2,
        FOREIGN => 1,
        // SAFETY: the values are this context's, and each cell has a reference of its own.
        _ => return unsafe { step(ctx, event) },
    };
    // SAFETY: with these events come `count` functions, each a reference that the caller frees.
    unsafe {
        let handlers = std::slice::from_raw_parts_mut(shown.cast::<qjs::JSValue>(), count);
        for handler in handlers {
            if !qjs::JS_IsFunction(ctx, *handler) {
                continue;
            }
            if let Some(wrapped) = wrap(ctx, *handler) {
                qjs::JS_FreeValue(ctx, *handler);
                *handler = wrapped;
            }
        }
    }
}

/// What a handler returns is passed on in the frame that its function left.
///
/// # Safety
///
/// The context is alive.
unsafe fn step(ctx: *mut qjs::JSContext, event: qjs::JSPromiseHookType) {
    let gone = match event {
        REACTION_BEGINS => LEFT.take(),
        RESULT_GOES_ON => FRAME.replace(LEFT.take()),
        RESULT_IS_ON => FRAME.take(),
        _ => None,
    };
    if let Some(gone) = gone {
        // SAFETY: the reference was a cell's own.
        unsafe { qjs::JS_FreeValue(ctx, gone) }
    }
}

/// What a wrapped function does: `data` is the function and its frame.
unsafe extern "C" fn call(
    ctx: *mut qjs::JSContext,
    this: qjs::JSValue,
    count: c_int,
    arguments: *mut qjs::JSValue,
    _: c_int,
    data: *mut qjs::JSValue,
) -> qjs::JSValue {
    // SAFETY: the engine calls this with the two values that `wrap` gave it, alive for the call.
    unsafe {
        let (function, frame) = (*data, *data.add(1));
        let outer = FRAME.replace(Some(qjs::JS_DupValue(ctx, frame)));
        let result = qjs::JS_Call(ctx, function, this, count, arguments);
        if let Some(before) = LEFT.replace(FRAME.replace(outer)) {
            qjs::JS_FreeValue(ctx, before);
        }
        result
    }
}

fn in_frame<'js>(ctx: Ctx<'js>, function: Function<'js>) -> Function<'js> {
    bound(&ctx, function)
}

pub(crate) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("trackAsyncFrames", Function::new(ctx.clone(), track)?)?;
    host.set("asyncFrame", Function::new(ctx.clone(), current)?)?;
    host.set("enterAsyncFrame", Function::new(ctx.clone(), enter)?)?;
    host.set("inAsyncFrame", Function::new(ctx.clone(), in_frame)?)
}
