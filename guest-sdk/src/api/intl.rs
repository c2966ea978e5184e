//! `Intl`: texts to the host, and a text back. See `mayfly_abi::compute::IntlTask`.

use javy_plugin_api::javy::quickjs::{Array, Ctx, Function, Object, Result, String as JsString, Value};
use mayfly_abi::compute::{Computation, Status};
use mayfly_abi::frame::Writer;
use mayfly_abi::op::HostCall;

use crate::{import, text};

/// The text, or an array of the status and of why there is none.
fn intl<'js>(
    ctx: Ctx<'js>,
    task: u8,
    options: JsString<'js>,
    first: JsString<'js>,
    second: JsString<'js>,
) -> Result<Value<'js>> {
    let mut writer = Writer::with_capacity(256);
    writer.u16(Computation::Intl as u16);
    writer.u8(task);
    for argument in [options, first, second] {
        text::with(&argument, |text| writer.text(text))?;
    }
    let (status, length) = import::compute(&writer.finish());
    let result = import::read(HostCall::Computed, length);
    let result = String::from_utf8_lossy(&result);
    if status == Status::Done as u32 {
        return Ok(JsString::from_str(ctx, &result)?.into_value());
    }
    let refusal = Array::new(ctx)?;
    refusal.set(0, status)?;
    refusal.set(1, result.as_ref())?;
    Ok(refusal.into_value())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("intl", Function::new(ctx.clone(), intl)?)
}
