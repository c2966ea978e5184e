//! JavaScript strings as UTF-8: lone surrogates become U+FFFD, as the web platform has it.

use javy_plugin_api::javy::quickjs::{Ctx, Error, Result, String as JsString, Value, qjs};

/// The string's text.
pub(crate) fn text(string: &JsString<'_>) -> Result<String> {
    let bytes = string.clone().to_cstring()?;
    Ok(well_formed(raw(&bytes)))
}

/// Does something with the string's text, without a copy of it where the engine has it as UTF-8.
pub(crate) fn with<R>(string: &JsString<'_>, work: impl FnOnce(&str) -> R) -> Result<R> {
    let bytes = string.clone().to_cstring()?;
    let raw = raw(&bytes);
    Ok(match std::str::from_utf8(raw) {
        Ok(text) => work(text),
        Err(_) => work(&well_formed(raw)),
    })
}

#[allow(
    unsafe_code,
    reason = "the engine writes lone surrogates as three bytes, which a `str` must not hold"
)]
fn raw<'a>(string: &'a javy_plugin_api::javy::quickjs::CString<'_>) -> &'a [u8] {
    // SAFETY: pointer and length are of one allocation that lives as long as `string`.
    unsafe { std::slice::from_raw_parts(string.as_ptr().cast::<u8>(), string.len()) }
}

/// UTF-8 of text in which surrogates may stand as three bytes each.
fn well_formed(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let mut mended = bytes.to_vec();
            for i in 0..mended.len().saturating_sub(2) {
                if mended[i] == 0xed && mended[i + 1] >= 0xa0 {
                    mended[i..i + 3].copy_from_slice("\u{fffd}".as_bytes());
                }
            }
            String::from_utf8_lossy(&mended).into_owned()
        }
    }
}

/// The string's code units, as the engine has them or widens them.
#[allow(unsafe_code, reason = "the safe layer has no way to code units")]
pub(crate) fn utf16(string: &JsString<'_>) -> Vec<u16> {
    let context = string.ctx().as_raw().as_ptr();
    let mut length = 0;
    // SAFETY: what the engine answers are `length` units that live until they are given back.
    unsafe {
        let units = qjs::JS_ToCStringLenUTF16(context, &mut length, string.as_value().as_raw());
        if units.is_null() {
            return Vec::new();
        }
        let copy = std::slice::from_raw_parts(units, length as usize).to_vec();
        qjs::JS_FreeCStringUTF16(context, units);
        copy
    }
}

/// A string of these code units.
#[allow(unsafe_code, reason = "the safe layer has no way from code units")]
pub(crate) fn of_utf16<'js>(ctx: &Ctx<'js>, units: &[u16]) -> Result<Value<'js>> {
    // SAFETY: the engine copies the units, and what it answers is a value of this context, or word of an exception.
    unsafe {
        let string = qjs::JS_NewStringUTF16(ctx.as_raw().as_ptr(), units.as_ptr(), units.len() as _);
        let string = Value::from_raw(ctx.clone(), string);
        if string.is_exception() { Err(Error::Exception) } else { Ok(string) }
    }
}
