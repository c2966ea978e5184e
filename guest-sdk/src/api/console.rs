//! Console entries go to the host as a byte of level and text.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, String as JsString};
use mayfly_abi::op::HostCall;

use crate::{import, text};

fn log(level: u8, message: JsString<'_>) -> Result<()> {
    let text = text::text(&message)?;
    let mut frame = Vec::with_capacity(1 + text.len());
    frame.push(level);
    frame.extend_from_slice(text.as_bytes());
    import::send(HostCall::Log, &frame);
    Ok(())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("log", Function::new(ctx.clone(), log)?)
}
