//! UTF-8, base64 and hexadecimal.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64_simd::{STANDARD, forgiving_decode_inplace};
use javy_plugin_api::javy::quickjs::function::Opt;
use javy_plugin_api::javy::quickjs::{
    ArrayBuffer, Ctx, Error, Exception, Function, Object, Result, String as JsString, TypedArray, Value, qjs,
};

use crate::text::{self, Latin1};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
// The web's decoder takes padding or leaves it, and does not mind stray bits at the end.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const FOR_URLS: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT.with_encode_padding(false));

fn utf8_encode<'js>(ctx: Ctx<'js>, input: JsString<'js>) -> Result<ArrayBuffer<'js>> {
    text::with(&input, |text| ArrayBuffer::new_copy(ctx, text.as_bytes()))?
}

fn utf8_encode_into<'js>(
    ctx: Ctx<'js>,
    input: JsString<'js>,
    into: TypedArray<'js, u8>,
) -> Result<Object<'js>> {
    let room = into.as_raw().map_or(0, |raw| raw.len);
    let (read, written) = text::with(&input, |text| {
        let mut end = text.len().min(room);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        write(&into, &text.as_bytes()[..end]);
        (text[..end].encode_utf16().count(), end)
    })?;
    let answer = Object::new(ctx)?;
    answer.set("read", read as u32)?;
    answer.set("written", written as u32)?;
    Ok(answer)
}

#[allow(unsafe_code, reason = "the safe layer gives read-only access to typed arrays")]
pub(super) fn write(into: &TypedArray<'_, u8>, bytes: &[u8]) {
    if let Some(raw) = into.as_raw() {
        // SAFETY: the array's memory is `raw.len` bytes, alive as long as `into`, and nothing else runs at the same time.
        let memory = unsafe { std::slice::from_raw_parts_mut(raw.ptr.as_ptr(), raw.len) };
        let length = bytes.len().min(memory.len());
        memory[..length].copy_from_slice(&bytes[..length]);
    }
}

/// `at_start`: a byte order mark is left away.
fn utf8_decode<'js>(
    ctx: Ctx<'js>,
    input: TypedArray<'js, u8>,
    fatal: bool,
    at_start: Opt<bool>,
) -> Result<JsString<'js>> {
    let mut bytes = input.as_bytes().unwrap_or_default();
    if at_start.0 == Some(true) {
        bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => JsString::from_str(ctx, text),
        Err(_) if fatal => Err(Exception::throw_type(&ctx, "The encoded data was not valid UTF-8")),
        Err(_) => text::from_bytes(&ctx, bytes),
    }
}

/// How many of the bytes do not end within a character that could still become one.
fn utf8_complete_length(input: TypedArray<'_, u8>) -> u32 {
    let bytes = input.as_bytes().unwrap_or_default();
    let is_lead = |byte: &u8| *byte >= 0xc2;
    let tail = bytes.len().saturating_sub(3);
    let complete = match bytes[tail..].iter().rposition(is_lead) {
        Some(lead) => {
            let cut_short =
                std::str::from_utf8(&bytes[tail + lead..]).is_err_and(|error| error.error_len().is_none());
            if cut_short { tail + lead } else { bytes.len() }
        }
        None => bytes.len(),
    };
    complete as u32
}

fn base64_decode<'js>(ctx: Ctx<'js>, data: JsString<'js>) -> Result<Option<Value<'js>>> {
    // Any byte that is not ASCII is as wrong as the next: there is no need to see whether they make up characters.
    let mut string = text::with_bytes(&data, Latin1::new)?;
    let Ok(decoded) = forgiving_decode_inplace(string.bytes()) else { return Ok(None) };
    let length = decoded.len();
    string.truncate(length);
    string.into_string(&ctx).map(Some)
}

fn base64_encode_bytes(bytes: TypedArray<'_, u8>) -> String {
    STANDARD.encode_to_string(bytes.as_bytes().unwrap_or_default())
}

fn hex_encode(bytes: TypedArray<'_, u8>) -> String {
    let bytes = bytes.as_bytes().unwrap_or_default();
    let mut text = String::with_capacity(2 * bytes.len());
    for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]) {
        text.extend(char::from_digit(u32::from(nibble), 16));
    }
    text
}

/// The lower half of each unit.
fn latin1_encode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<ArrayBuffer<'js>> {
    let bytes: Vec<u8> = text::utf16(&text).iter().map(|unit| *unit as u8).collect();
    ArrayBuffer::new(ctx, bytes)
}

fn latin1_decode<'js>(ctx: Ctx<'js>, bytes: TypedArray<'js, u8>) -> Result<Value<'js>> {
    Latin1::new(bytes.as_bytes().unwrap_or_default()).into_string(&ctx)
}

fn base64url_encode(bytes: TypedArray<'_, u8>) -> String {
    FOR_URLS.encode(bytes.as_bytes().unwrap_or_default())
}

fn base64url_decode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<Option<ArrayBuffer<'js>>> {
    let bytes = text::with(&text, |text| FOR_URLS.decode(text).ok())?;
    bytes.map(|bytes| ArrayBuffer::new(ctx, bytes)).transpose()
}

fn hex_decode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<ArrayBuffer<'js>> {
    let text = text::text(&text)?;
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
    let bytes: Vec<u8> =
        text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    ArrayBuffer::new(ctx, bytes)
}

/// The engine's own `btoa`, which the prelude takes: it reads and writes strings where they lie.
#[allow(unsafe_code, reason = "the safe layer adds them only to contexts that it makes")]
fn add_base64(ctx: &Ctx<'_>) -> Result<()> {
    // SAFETY: the context is alive, and this adds functions to its global object.
    match unsafe { qjs::JS_AddIntrinsicAToB(ctx.as_raw().as_ptr()) } {
        0 => Ok(()),
        _ => Err(Error::Exception),
    }
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    add_base64(ctx)?;
    host.set("utf8Encode", Function::new(ctx.clone(), utf8_encode)?)?;
    host.set("utf8EncodeInto", Function::new(ctx.clone(), utf8_encode_into)?)?;
    host.set("utf8Decode", Function::new(ctx.clone(), utf8_decode)?)?;
    host.set("utf8CompleteLength", Function::new(ctx.clone(), utf8_complete_length)?)?;
    host.set("base64Decode", Function::new(ctx.clone(), base64_decode)?)?;
    host.set("base64EncodeBytes", Function::new(ctx.clone(), base64_encode_bytes)?)?;
    host.set("hexEncode", Function::new(ctx.clone(), hex_encode)?)?;
    host.set("latin1Encode", Function::new(ctx.clone(), latin1_encode)?)?;
    host.set("latin1Decode", Function::new(ctx.clone(), latin1_decode)?)?;
    host.set("base64urlEncode", Function::new(ctx.clone(), base64url_encode)?)?;
    host.set("base64urlDecode", Function::new(ctx.clone(), base64url_decode)?)?;
    host.set("hexDecode", Function::new(ctx.clone(), hex_decode)?)
}
