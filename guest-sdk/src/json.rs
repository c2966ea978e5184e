//! JSON of the host's bytes, read without a string in between.
#![allow(
    unsafe_code,
    reason = "the safe layer copies what it parses, and knows no parser but the engine's own"
)]

use javy_plugin_api::javy::quickjs::{Ctx, Error, Result, Value, qjs};

/// The value of a JSON text in UTF-8; `undefined` where only `JSON.parse` can say what it is, or what is wrong with it.
pub(crate) fn quick<'js>(ctx: &Ctx<'js>, text: &[u8]) -> Value<'js> {
    // SAFETY: the engine reads these bytes as data, within their length, and answers a value of this context, or throws.
    unsafe {
        let value = qjs::JS_QuickParseJSON(ctx.as_raw().as_ptr(), text.as_ptr().cast(), text.len() as _);
        Value::from_raw(ctx.clone(), value)
    }
}

/// The value of a JSON text that the host wrote.
pub(crate) fn parse<'js>(ctx: &Ctx<'js>, text: &[u8]) -> Result<Value<'js>> {
    let value = quick(ctx, text);
    if value.is_exception() {
        return Err(Error::Exception);
    }
    if value.is_undefined() { ctx.json_parse(text) } else { Ok(value) }
}
