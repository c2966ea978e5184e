//! Validation of header names and values, and lists of them.

use javy_plugin_api::javy::quickjs::{Array, Ctx, Function, Object, Result, String as JsString};

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
pub(super) fn list<'js, 'a>(
    ctx: &Ctx<'js>,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Array<'js>> {
    let list = Array::new(ctx.clone())?;
    for (index, (name, value)) in pairs.enumerate() {
        let pair = Array::new(ctx.clone())?;
        pair.set(0, name)?;
        pair.set(1, value)?;
        list.set(index, pair)?;
    }
    Ok(list)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("headerName", Function::new(ctx.clone(), name)?)?;
    host.set("headerValue", Function::new(ctx.clone(), value)?)
}
