//! JavaScript strings as UTF-8: lone surrogates become U+FFFD, as the web platform has it.

use javy_plugin_api::javy::quickjs::{Ctx, Error, Result, String as JsString, Value, qjs};

/// The string's text.
pub(crate) fn text(string: &JsString<'_>) -> Result<String> {
    let bytes = string.clone().to_cstring()?;
    Ok(well_formed(raw(&bytes)))
}

/// Does something with the string's bytes: UTF-8, but that a lone surrogate stands as three.
pub(crate) fn with_bytes<R>(string: &JsString<'_>, work: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let bytes = string.clone().to_cstring()?;
    Ok(work(raw(&bytes)))
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

/// A string with a character for each byte, which the engine holds in a byte each.
#[allow(unsafe_code, reason = "the engine has no way from bytes that are neither ASCII nor UTF-8")]
pub(crate) fn of_latin1<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<Value<'js>> {
    let blank = JsString::from_str(ctx.clone(), &"\0".repeat(bytes.len()))?;
    let context = ctx.as_raw().as_ptr();
    let mut length = 0;
    // SAFETY: a string of ASCII alone is lent where it lies; this one is new, of `bytes.len()` bytes, and nobody else has
    // seen it, so that what is written is what it always was. Its length is compared, for an engine that lends otherwise.
    unsafe {
        let lent = qjs::JS_ToCStringLen(context, &mut length, blank.as_value().as_raw());
        if lent.is_null() {
            return Err(Error::Exception);
        }
        if length as usize == bytes.len() {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), lent.cast_mut().cast(), bytes.len());
        }
        qjs::JS_FreeCString(context, lent);
    }
    Ok(blank.into_value())
}
