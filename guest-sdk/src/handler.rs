//! The handler's call: what every invocation does, without any JavaScript of the prelude around it where the handler answers
//! in the common way.
#![allow(
    unsafe_code,
    reason = "the safe layer's way of calling a function allocates, and takes it for one that may be a constructor"
)]

use std::cell::RefCell;

use javy_plugin_api::javy::quickjs::{Array, Ctx, Error, Function, Persistent, Promise, Result, Value, qjs};

use crate::prelude::Prelude;
use crate::{api, budget, phase};

/// What `adopt` of the prelude has found in a module.
struct Handler {
    function: Persistent<Function<'static>>,
    this: Persistent<Value<'static>>,
    /// What it is given beside the request where that is not `ctx`: the variables, and `ctx` after them.
    given: Option<[Persistent<Value<'static>>; 2]>,
}

thread_local! {
    static HANDLER: RefCell<Option<Handler>> = const { RefCell::new(None) };
}

/// Keeps a module's handler: the function, what it is called on, and what it is given beside the request.
pub(crate) fn keep<'js>(ctx: &Ctx<'js>, found: &Array<'js>) -> Result<()> {
    let given = match found.get::<Option<Array<'_>>>(2)? {
        Some(given) => Some([
            Persistent::save(ctx, given.get::<Value<'_>>(0)?),
            Persistent::save(ctx, given.get::<Value<'_>>(1)?),
        ]),
        None => None,
    };
    let handler = Handler {
        function: Persistent::save(ctx, found.get::<Function<'_>>(0)?),
        this: Persistent::save(ctx, found.get::<Value<'_>>(1)?),
        given,
    };
    HANDLER.with_borrow_mut(|kept| *kept = Some(handler));
    Ok(())
}

/// Calls the handler. What it has answered at once is handed over; else its promise comes back.
pub(crate) fn call<'js>(ctx: &Ctx<'js>, prelude: &Prelude) -> Result<Option<Promise<'js>>> {
    let Some(called) = HANDLER.with_borrow(|handler| {
        let Handler { function, this, given } = handler.as_ref()?;
        let given = given.clone().map(|given| given.map(|value| value.restore(ctx)));
        let (function, this) = (function.clone().restore(ctx), this.clone().restore(ctx));
        Some((function, this, prelude.request.clone().restore(ctx), given))
    }) else {
        return Err(Error::Unknown);
    };
    let (function, this, request) = (called.0?, called.1?, called.2?);
    let (second, third) = match called.3 {
        Some([variables, context]) => (variables?, Some(context?)),
        None => (prelude.context.clone().restore(ctx)?, None),
    };
    let given = [Some(&request), Some(&second), third.as_ref()];
    match raw_call(ctx, function.as_value(), &this, given.into_iter().flatten()) {
        Ok(answer) => match answer.as_promise() {
            Some(promise) => Ok(Some(promise.clone())),
            None if api::response::respond_plainly(&answer)? => {
                answered(answer);
                Ok(None)
            }
            // A promise of another making, or a response that takes more.
            None => prelude.take.clone().restore(ctx)?.call((answer,)),
        },
        // Nothing can be called any more.
        Err(error) if budget::is_over() => Err(error),
        Err(_) => {
            prelude.fail.clone().restore(ctx)?.call::<_, ()>((ctx.catch(),))?;
            Ok(None)
        }
    }
}

/// The handler's response is handed over. Nothing is freed in an invocation that ends now.
pub(crate) fn answered(response: Value<'_>) {
    phase::answered();
    if phase::is_done() {
        std::mem::forget(response);
    }
}

fn raw_call<'a, 'js: 'a>(
    ctx: &Ctx<'js>,
    function: &Value<'js>,
    this: &Value<'js>,
    given: impl Iterator<Item = &'a Value<'js>>,
) -> Result<Value<'js>> {
    let (mut values, mut count) = ([qjs::JS_UNDEFINED; 3], 0);
    for (value, given) in values.iter_mut().zip(given) {
        *value = given.as_raw();
        count += 1;
    }
    // SAFETY: all of them are this context's, and alive for the call; what comes back is a reference of ours.
    unsafe {
        let context = ctx.as_raw().as_ptr();
        let answer = qjs::JS_Call(context, function.as_raw(), this.as_raw(), count, values.as_mut_ptr());
        let answer = Value::from_raw(ctx.clone(), answer);
        if answer.is_exception() { Err(Error::Exception) } else { Ok(answer) }
    }
}
