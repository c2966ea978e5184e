//! `ctx`: the invocation's context, as the host's JSON.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, String as JsString};
use mayfly_abi::op::HostCall;

use crate::phase::require_invocation;
use crate::{import, text};

fn context(ctx: Ctx<'_>) -> Result<JsString<'_>> {
    require_invocation(&ctx, "ctx")?;
    text::from_bytes(&ctx, &import::read(HostCall::Context, 512))
}

fn env(ctx: Ctx<'_>) -> Result<JsString<'_>> {
    require_invocation(&ctx, "ctx.env")?;
    text::from_bytes(&ctx, &import::read(HostCall::Env, 512))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("context", Function::new(ctx.clone(), context)?)?;
    host.set("env", Function::new(ctx.clone(), env)?)?;
    host.set("timeLeft", Function::new(ctx.clone(), || import::send_number(HostCall::TimeLeft, 0) as f64)?)
}
