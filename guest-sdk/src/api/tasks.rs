//! The task queue's native: tasks that need no host operation.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};

use crate::pending;
use crate::phase::require_invocation;

fn queue<'js>(ctx: Ctx<'js>, task: Function<'js>) -> Result<()> {
    require_invocation(&ctx, "A task")?;
    pending::queue(&ctx, task);
    Ok(())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("queueTask", Function::new(ctx.clone(), queue)?)
}
