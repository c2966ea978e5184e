//! The native of `kv.js`: one operation for all of it.

use javy_plugin_api::javy::quickjs::{
    Ctx, Exception, Function, Object, Promise, Result, String as JsString, Value,
};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{KeyValueFrame, KeyValueVerb};

use crate::phase::require_invocation;
use crate::{pending, text};

fn key_value<'js>(
    ctx: Ctx<'js>,
    verb: u32,
    key: JsString<'js>,
    value: JsString<'js>,
    number: u32,
) -> Result<Promise<'js>> {
    require_invocation(&ctx, "ctx.kv")?;
    let verb = match verb {
        0 => KeyValueVerb::Get,
        1 => KeyValueVerb::Set,
        2 => KeyValueVerb::Delete,
        3 => KeyValueVerb::Increment,
        _ => KeyValueVerb::List,
    };
    let frame = KeyValueFrame { verb, key: text::text(&key)?, value: text::text(&value)?, number }.to_frame();
    Ok(pending::promise(&ctx, Operation::KeyValue, &frame, answer)?.1)
}

/// JSON, or nothing.
fn answer<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    match std::str::from_utf8(answer) {
        Ok(text) => Ok(JsString::from_str(ctx.clone(), text)?.into_value()),
        Err(_) => Err(Exception::throw_internal(ctx, "The host's answer could not be read")),
    }
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("keyValue", Function::new(ctx.clone(), key_value)?)
}
