//! The event loop of one invocation.

use javy_plugin_api::javy::quickjs::promise::PromiseState;
use javy_plugin_api::javy::quickjs::{Ctx, Promise, Result, Value};

use crate::prelude::Prelude;
use crate::report::report_thrown;
use crate::{api, async_frames, budget, handler, pending, phase};

/// Calls the handler, and runs jobs, callbacks and host operations until nothing is left to do.
pub(crate) fn run(ctx: &Ctx<'_>, prelude: &Prelude) -> Result<()> {
    let mut response = handler::call(ctx, prelude)?;
    loop {
        loop {
            async_frames::leave(ctx);
            resolve_response(ctx, prelude, &mut response)?;
            if !ctx.execute_pending_job() {
                break;
            }
        }
        if api::errors::any() {
            api::errors::report(ctx, &prelude.rejections.clone().restore(ctx)?)?;
            continue;
        }
        if phase::is_done() {
            return Ok(());
        }
        if budget::is_over() {
            report_thrown(ctx, prelude);
            return Ok(());
        }
        match pending::resolve_next(ctx) {
            Ok(true) => {}
            // Nothing is pending, and the handler's promise, or one given to `waitUntil`, is not settled: the host says which.
            Ok(false) => return Ok(()),
            // A timer's callback threw: that fails the invocation, as an uncaught error does elsewhere.
            Err(_) => {
                report_thrown(ctx, prelude);
                return Ok(());
            }
        }
    }
}

/// Hands over the handler's response, or what it threw, once its promise is settled.
fn resolve_response<'js>(
    ctx: &Ctx<'js>,
    prelude: &Prelude,
    response: &mut Option<Promise<'js>>,
) -> Result<()> {
    let Some(promise) = response.as_ref().filter(|promise| promise.state() != PromiseState::Pending) else {
        return Ok(());
    };
    let settled = promise.result::<Value<'_>>();
    api::errors::handled(promise.as_value());
    let promise = response.take();
    match settled {
        Some(Ok(value)) => {
            if !api::response::respond_plainly(&value)? {
                return prelude.finish.clone().restore(ctx)?.call((value,));
            }
            handler::answered(value);
        }
        Some(Err(_)) => prelude.fail.clone().restore(ctx)?.call::<_, ()>((ctx.catch(),))?,
        None => {}
    }
    if phase::is_done() {
        std::mem::forget(promise);
    }
    Ok(())
}
