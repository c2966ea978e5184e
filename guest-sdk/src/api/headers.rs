//! Validation of header names and values, and lists of them.

use javy_plugin_api::javy::quickjs::{
    Array, Ctx, Error, Function, Object, Result, String as JsString, Value, qjs,
};

use crate::text;

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn name(given: JsString<'_>) -> Result<Option<String>> {
    let mut name = text::text(&given)?;
    let valid = !name.is_empty() && name.bytes().all(is_token);
    name.make_ascii_lowercase();
    Ok(valid.then_some(name))
}

fn value(given: JsString<'_>) -> Result<Option<String>> {
    let value = text::text(&given)?;
    let trimmed = value.trim_matches(['\t', '\n', '\r', ' ']);
    let valid = trimmed.chars().all(|c| u32::from(c) <= 0xff && !matches!(c, '\0' | '\r' | '\n'));
    Ok(valid.then(|| trimmed.to_owned()))
}

/// The prelude's list of pairs, as text.
pub(super) fn pairs(list: &Array<'_>) -> Result<Vec<(String, String)>> {
    list.iter::<Array<'_>>()
        .map(|pair| {
            let pair = pair?;
            Ok((text::text(&pair.get(0)?)?, text::text(&pair.get(1)?)?))
        })
        .collect()
}

/// A list of pairs for the prelude.
pub(super) fn list<'js>(
    ctx: &Ctx<'js>,
    pairs: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
) -> Result<Value<'js>> {
    let string = |text: &str| JsString::from_str(ctx.clone(), text).map(JsString::into_value);
    let pairs: Result<Vec<Value<'_>>> = pairs
        .map(|(name, value)| array(ctx, vec![string(name.as_ref())?, string(value.as_ref())?]))
        .collect();
    array(ctx, pairs?)
}

/// An array of these values, made at once.
#[allow(unsafe_code, reason = "the safe layer sets one element after the other")]
fn array<'js>(ctx: &Ctx<'js>, values: Vec<Value<'js>>) -> Result<Value<'js>> {
    // SAFETY: the values are this context's; each is counted once more for the array, which takes them.
    unsafe {
        let context = ctx.as_raw().as_ptr();
        let taken: Vec<qjs::JSValue> =
            values.iter().map(|value| qjs::JS_DupValue(context, value.as_raw())).collect();
        let made =
            Value::from_raw(ctx.clone(), qjs::JS_NewArrayFrom(context, taken.len() as _, taken.as_ptr()));
        if made.is_exception() { Err(Error::Exception) } else { Ok(made) }
    }
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("headerName", Function::new(ctx.clone(), name)?)?;
    host.set("headerValue", Function::new(ctx.clone(), value)?)
}
