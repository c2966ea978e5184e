//! `ctx`: the invocation's context, as the host's JSON.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};
use mayfly_abi::op::HostCall;

use crate::import;
use crate::phase::require_invocation;

fn json(call: HostCall) -> String {
    String::from_utf8_lossy(&import::read(call, 512)).into_owned()
}

fn context(ctx: Ctx<'_>) -> Result<String> {
    require_invocation(&ctx, "ctx")?;
    Ok(json(HostCall::Context))
}

fn env(ctx: Ctx<'_>) -> Result<String> {
    require_invocation(&ctx, "ctx.env")?;
    Ok(json(HostCall::Env))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("context", Function::new(ctx.clone(), context)?)?;
    host.set("env", Function::new(ctx.clone(), env)?)?;
    host.set("timeLeft", Function::new(ctx.clone(), || import::send_number(HostCall::TimeLeft, 0) as f64)?)
}
