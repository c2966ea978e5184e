//! UTF-8, base64 and hexadecimal.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use javy_plugin_api::javy::quickjs::{
    ArrayBuffer, Ctx, Exception, Function, Object, Result, String as JsString, TypedArray,
};

use crate::text;

// The web's decoder takes padding or leaves it, and does not mind stray bits at the end.
const FORGIVING: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

fn utf8_encode<'js>(ctx: Ctx<'js>, input: JsString<'js>) -> Result<ArrayBuffer<'js>> {
    ArrayBuffer::new_copy(ctx, text::text(&input)?.as_bytes())
}

fn utf8_encode_into<'js>(
    ctx: Ctx<'js>,
    input: JsString<'js>,
    into: TypedArray<'js, u8>,
) -> Result<Object<'js>> {
    let text = text::text(&input)?;
    let room = into.as_raw().map_or(0, |raw| raw.len);
    let mut end = text.len().min(room);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    write(&into, &text.as_bytes()[..end]);
    let answer = Object::new(ctx)?;
    answer.set("read", text[..end].encode_utf16().count() as u32)?;
    answer.set("written", end as u32)?;
    Ok(answer)
}

#[allow(unsafe_code, reason = "the safe layer lends typed arrays for reading only")]
pub(super) fn write(into: &TypedArray<'_, u8>, bytes: &[u8]) {
    if let Some(raw) = into.as_raw() {
        // SAFETY: the array's memory is `raw.len` bytes, alive as long as `into`, and nothing else runs meanwhile.
        let memory = unsafe { std::slice::from_raw_parts_mut(raw.ptr.as_ptr(), raw.len) };
        let length = bytes.len().min(memory.len());
        memory[..length].copy_from_slice(&bytes[..length]);
    }
}

fn utf8_decode<'js>(ctx: Ctx<'js>, input: TypedArray<'js, u8>, fatal: bool) -> Result<JsString<'js>> {
    let bytes = input.as_bytes().unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(text) => JsString::from_str(ctx, text),
        Err(_) if fatal => Err(Exception::throw_type(&ctx, "The encoded data was not valid UTF-8")),
        Err(_) => JsString::from_str(ctx, &String::from_utf8_lossy(bytes)),
    }
}

/// How many of the bytes do not end in the middle of a character.
fn utf8_complete_length(input: TypedArray<'_, u8>) -> u32 {
    let bytes = input.as_bytes().unwrap_or_default();
    for back in 1..=bytes.len().min(3) {
        let lead = bytes[bytes.len() - back];
        let wanted = match lead {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => break,
        };
        if wanted > back {
            return (bytes.len() - back) as u32;
        }
        break;
    }
    bytes.len() as u32
}

fn base64_encode(data: JsString<'_>) -> Result<Option<String>> {
    let mut bytes = Vec::new();
    for character in text::text(&data)?.chars() {
        match u8::try_from(u32::from(character)) {
            Ok(byte) => bytes.push(byte),
            Err(_) => return Ok(None),
        }
    }
    Ok(Some(FORGIVING.encode(bytes)))
}

fn base64_decode(data: JsString<'_>) -> Result<Option<String>> {
    let mut text = text::text(&data)?;
    text.retain(|c| !matches!(c, '\t' | '\n' | '\u{c}' | '\r' | ' '));
    let padded = text.ends_with('=');
    if text.len() % 4 == 1 || (padded && text.len() % 4 != 0) {
        return Ok(None);
    }
    Ok(FORGIVING.decode(&text).ok().map(|bytes| bytes.into_iter().map(char::from).collect()))
}

fn hex_decode<'js>(ctx: Ctx<'js>, text: JsString<'js>) -> Result<ArrayBuffer<'js>> {
    let text = text::text(&text)?;
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or_default() as u8;
    let bytes: Vec<u8> =
        text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
    ArrayBuffer::new(ctx, bytes)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("utf8Encode", Function::new(ctx.clone(), utf8_encode)?)?;
    host.set("utf8EncodeInto", Function::new(ctx.clone(), utf8_encode_into)?)?;
    host.set("utf8Decode", Function::new(ctx.clone(), utf8_decode)?)?;
    host.set("utf8CompleteLength", Function::new(ctx.clone(), utf8_complete_length)?)?;
    host.set("base64Encode", Function::new(ctx.clone(), base64_encode)?)?;
    host.set("base64Decode", Function::new(ctx.clone(), base64_decode)?)?;
    host.set("hexDecode", Function::new(ctx.clone(), hex_decode)?)
}
