//! Timers, as host operations.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::Sleep;

use crate::pending;
use crate::phase::require_invocation;

fn sleep<'js>(ctx: Ctx<'js>, ms: u32, background: bool, callback: Function<'js>) -> Result<u32> {
    require_invocation(&ctx, "A timer")?;
    pending::callback(&ctx, Operation::Sleep, &Sleep { ms, background }.to_frame(), callback)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("sleep", Function::new(ctx.clone(), sleep)?)?;
    host.set("cancel", Function::new(ctx.clone(), pending::cancel)?)
}
