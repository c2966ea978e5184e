//! Promises that this crate settles itself: the engine makes no functions for that.
#![allow(unsafe_code, reason = "the safe layer knows only promises that come with two functions")]

use javy_plugin_api::javy::quickjs::{Ctx, Error, Promise, Result, Value, qjs};

/// A promise that [`settle`] settles.
pub(crate) fn pending<'js>(ctx: &Ctx<'js>) -> Result<Promise<'js>> {
    // SAFETY: the context is alive; what comes back is a reference of ours.
    let promise = unsafe { Value::from_raw(ctx.clone(), qjs::JS_NewPendingPromise(ctx.as_raw().as_ptr())) };
    promise.into_promise().ok_or(Error::Exception)
}

/// A promise that is resolved with the value.
pub(crate) fn resolved<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Result<Promise<'js>> {
    settled(ctx, false, &value)
}

/// A promise that is rejected with the error.
pub(crate) fn rejected<'js>(ctx: &Ctx<'js>, error: Value<'js>) -> Result<Promise<'js>> {
    settled(ctx, true, &error)
}

fn settled<'js>(ctx: &Ctx<'js>, is_rejected: bool, value: &Value<'js>) -> Result<Promise<'js>> {
    // SAFETY: the value is this context's, and alive for the call; what comes back is a reference of ours.
    let promise = unsafe {
        let promise = qjs::JS_NewSettledPromise(ctx.as_raw().as_ptr(), is_rejected, value.as_raw());
        Value::from_raw(ctx.clone(), promise)
    };
    promise.into_promise().ok_or(Error::Exception)
}

/// Settles one of [`pending`], once: resolves it with a value, or rejects it.
pub(crate) fn settle<'js>(promise: &Promise<'js>, settled: std::result::Result<Value<'js>, Value<'js>>) {
    let is_rejected = settled.is_err();
    let value = settled.unwrap_or_else(|error| error);
    let ctx = promise.ctx().as_raw().as_ptr();
    // SAFETY: both values are this context's, and alive.
    unsafe { qjs::JS_SettlePromise(ctx, promise.as_value().as_raw(), is_rejected, value.as_raw()) }
}
