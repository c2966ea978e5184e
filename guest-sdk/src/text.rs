//! JavaScript strings as UTF-8: lone surrogates become U+FFFD, as the web platform has it.

use javy_plugin_api::javy::quickjs::{Ctx, Error, Result, String as JsString, Value, qjs};

/// The string's text.
pub(crate) fn text(string: &JsString<'_>) -> Result<String> {
    let bytes = string.clone().to_cstring()?;
    Ok(well_formed(raw(&bytes)))
}

/// The string of these bytes; what is no UTF-8 becomes U+FFFD.
pub(crate) fn from_bytes<'js>(ctx: &Ctx<'js>, bytes: &[u8]) -> Result<JsString<'js>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => JsString::from_str(ctx.clone(), text),
        // Much slower, so only where it is needed.
        Err(_) => JsString::from_str(ctx.clone(), &String::from_utf8_lossy(bytes)),
    }
}

/// Does something with the string's text in UTF-8, as [`with`]: without a copy of it where it is ASCII.
#[allow(unsafe_code, reason = "the safe layer writes lone surrogates as three bytes")]
pub(crate) fn with_utf8<R>(string: &JsString<'_>, work: impl FnOnce(&[u8]) -> R) -> Result<R> {
    let context = string.ctx().as_raw().as_ptr();
    let (mut length, mut made) = (0, std::ptr::null_mut());
    // SAFETY: what comes back are `length` bytes of the string's own, or of `made`, which is ours to give back.
    unsafe {
        let text = qjs::JS_Utf8Text(context, string.as_value().as_raw(), &raw mut length, &raw mut made);
        if !text.is_null() {
            let answer = work(std::slice::from_raw_parts(text, length as usize));
            qjs::js_free(context, made.cast());
            return Ok(answer);
        }
    }
    // A string of several pieces.
    let bytes = string.clone().to_cstring()?;
    Ok(work(well_formed(raw(&bytes)).as_bytes()))
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

/// The engine looks through these as fast as it makes the others.
const SHORT_BYTES_MAX: usize = 256;
// The version, a checksum, no atoms, and the tag of strings.
const HEAD_BYTES: usize = 7;
const CHECKSUM: std::ops::Range<usize> = 1..5;
// The engine does not compare this one.
const ANY_CHECKSUM: [u8; 4] = [0xff; 4];
const LENGTH_BYTES: usize = 5;
const FRONT_BYTES: usize = HEAD_BYTES + LENGTH_BYTES;

/// A string with a character for each byte, which the engine holds in a byte each. It makes such strings of nothing but its own
/// serialized form, so that is what it is given: the head of another string's, and these bytes.
pub(crate) struct Latin1(Vec<u8>);

impl Latin1 {
    /// Of these bytes, for now.
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let mut serialized = Vec::with_capacity(FRONT_BYTES + bytes.len());
        serialized.resize(FRONT_BYTES, 0);
        serialized.extend_from_slice(bytes);
        Self(serialized)
    }

    /// The bytes.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        &mut self.0[FRONT_BYTES..]
    }

    /// Shortens it to `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.0.truncate(FRONT_BYTES + length);
    }

    /// The string.
    #[allow(unsafe_code, reason = "the safe layer has no way from bytes that are neither ASCII nor UTF-8")]
    pub(crate) fn into_string<'js>(mut self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        let bytes = self.bytes();
        let length = bytes.len();
        if length <= SHORT_BYTES_MAX
            && let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii())
        {
            return JsString::from_str(ctx.clone(), text).map(JsString::into_value);
        }
        let (head, rest) = self.0.split_at_mut(HEAD_BYTES);
        head.copy_from_slice(&head_of_strings(ctx)?);
        // The lowest bit would say that characters take two bytes each.
        let leb128 = (length as u32) << 1;
        for (at, byte) in rest[..LENGTH_BYTES].iter_mut().enumerate() {
            let more = if at + 1 < LENGTH_BYTES { 0x80 } else { 0 };
            *byte = (leb128 >> (7 * at)) as u8 & 0x7f | more;
        }
        // SAFETY: the engine reads these bytes as data, within their length, and answers a value of this context, or word
        // of an exception.
        unsafe {
            let read = qjs::JS_ReadObject(ctx.as_raw().as_ptr(), self.0.as_ptr(), self.0.len() as _, 0);
            let string = Value::from_raw(ctx.clone(), read);
            if string.is_exception() { Err(Error::Exception) } else { Ok(string) }
        }
    }
}

/// What stands before the length of a serialized string.
#[allow(unsafe_code, reason = "the safe layer serializes modules only")]
fn head_of_strings(ctx: &Ctx<'_>) -> Result<[u8; HEAD_BYTES]> {
    let sample = JsString::from_str(ctx.clone(), "s")?;
    let context = ctx.as_raw().as_ptr();
    let mut length = 0;
    // SAFETY: what the engine answers are `length` bytes that live until they are given back.
    let head = unsafe {
        let written = qjs::JS_WriteObject(context, &mut length, sample.as_value().as_raw(), 0);
        if written.is_null() {
            return Err(Error::Exception);
        }
        let head = std::slice::from_raw_parts(written, length as usize).first_chunk().copied();
        qjs::js_free(context, written.cast());
        head
    };
    let mut head: [u8; HEAD_BYTES] = head.ok_or(Error::Unknown)?;
    head[CHECKSUM].copy_from_slice(&ANY_CHECKSUM);
    Ok(head)
}
