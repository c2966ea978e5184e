//! Unhandled rejections: gathered as the engine reports them, and passed to the prelude once all pending jobs have
//! run.
#![allow(
    unsafe_code,
    reason = "the engine's safe layer has no way to be told of rejections from a runtime that Javy made"
)]

use std::cell::RefCell;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};

use javy_plugin_api::javy::quickjs::{Ctx, Function, Persistent, Result, Value, qjs};

type Kept = Persistent<Value<'static>>;

struct Rejection {
    /// Where the promise lies, to know it again.
    address: usize,
    promise: Kept,
    reason: Kept,
}

#[derive(Default)]
struct Rejections {
    /// Not told of yet.
    fresh: Vec<Rejection>,
    /// Told of, and still without a handler.
    told: Vec<Rejection>,
    /// Told of, and got a handler since.
    handled: Vec<Rejection>,
}

thread_local! {
    static REJECTIONS: RefCell<Rejections> = const {
        RefCell::new(Rejections { fresh: Vec::new(), told: Vec::new(), handled: Vec::new() })
    };
}

/// Asks the engine to tell of rejections.
pub(crate) fn watch(ctx: &Ctx<'_>) {
    // SAFETY: the runtime is the context's own, and the callback needs nothing that could go away.
    unsafe {
        let runtime = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        qjs::JS_SetHostPromiseRejectionTracker(runtime, Some(tracker), null_mut());
    }
}

unsafe extern "C" fn tracker(
    ctx: *mut qjs::JSContext,
    promise: qjs::JSValue,
    reason: qjs::JSValue,
    is_handled: bool,
    _: *mut c_void,
) {
    let Some(raw) = NonNull::new(ctx) else { return };
    // SAFETY: the engine calls this with a context and values that live for the call; what is kept is counted.
    let (ctx, promise, reason, address) = unsafe {
        let address = qjs::JS_VALUE_GET_PTR(promise) as usize;
        let promise = qjs::JS_DupValue(ctx, promise);
        let reason = qjs::JS_DupValue(ctx, reason);
        let ctx = Ctx::from_raw(raw);
        (ctx.clone(), Value::from_raw(ctx.clone(), promise), Value::from_raw(ctx, reason), address)
    };
    REJECTIONS.with_borrow_mut(|all| {
        let is_it = |rejection: &Rejection| rejection.address == address;
        if !is_handled {
            let promise = Persistent::save(&ctx, promise);
            let reason = Persistent::save(&ctx, reason);
            all.fresh.push(Rejection { address, promise, reason });
        } else if let Some(at) = all.fresh.iter().position(is_it) {
            all.fresh.remove(at);
        } else if let Some(at) = all.told.iter().position(is_it) {
            let rejection = all.told.remove(at);
            all.handled.push(rejection);
        }
    });
}

/// A handler was attached to this promise.
pub(crate) fn handled(promise: &Value<'_>) {
    // SAFETY: only the address is taken.
    let address = unsafe { qjs::JS_VALUE_GET_PTR(promise.as_raw()) as usize };
    REJECTIONS.with_borrow_mut(|all| all.fresh.retain(|rejection| rejection.address != address));
}

/// Whether there is anything to tell of.
pub(crate) fn any() -> bool {
    REJECTIONS.with_borrow(|all| !all.fresh.is_empty() || !all.handled.is_empty())
}

/// Tells `tell` of each.
pub(crate) fn report<'js>(ctx: &Ctx<'js>, tell: &Function<'js>) -> Result<()> {
    let (fresh, handled) =
        REJECTIONS.with_borrow_mut(|all| (std::mem::take(&mut all.fresh), std::mem::take(&mut all.handled)));
    for rejection in handled {
        tell.call::<_, ()>((rejection.promise.restore(ctx)?, rejection.reason.restore(ctx)?, true))?;
    }
    for Rejection { address, promise, reason } in fresh {
        let kept = Rejection { address, promise: promise.clone(), reason: reason.clone() };
        // Before it is told of: a listener may handle it.
        REJECTIONS.with_borrow_mut(|all| all.told.push(kept));
        tell.call::<_, ()>((promise.restore(ctx)?, reason.restore(ctx)?, false))?;
    }
    Ok(())
}

/// Forgets all: what a top level left rejected is nothing that an invocation did.
pub(crate) fn forget() {
    REJECTIONS.take();
}
