//! The parser of `multipart/form-data`.

use javy_plugin_api::javy::quickjs::{Array, Ctx, Function, Object, Result, String as JsString, TypedArray};

use crate::text;

/// One part: what its head says, and where its content lies.
struct Part {
    name: String,
    filename: Option<String>,
    media_type: Option<String>,
    start: usize,
    end: usize,
}

fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = from;
    while let Some(next) = bytes.get(at..)?.iter().position(|byte| *byte == first) {
        at += next;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// The parts between the boundaries; `None` where it is no form.
fn parse(bytes: &[u8], boundary: &str) -> Option<Vec<Part>> {
    let dashes = format!("--{boundary}");
    let between = format!("\r\n{dashes}");
    let mut parts = Vec::new();
    // What comes before the first boundary does not count.
    let mut at = find(bytes, dashes.as_bytes(), 0)? + dashes.len();
    loop {
        if bytes[at..].starts_with(b"--") {
            return Some(parts);
        }
        // White space may follow a boundary.
        while matches!(bytes.get(at), Some(b' ' | b'\t')) {
            at += 1;
        }
        let head = bytes[at..].strip_prefix(b"\r\n").map(|_| at + 2)?;
        let (head_end, start) = match find(bytes, b"\r\n\r\n", at)? {
            // No head at all: the empty line follows the boundary at once.
            end if end == at => (head, at + 4),
            end => (end, end + 4),
        };
        let end = find(bytes, between.as_bytes(), start.checked_sub(2)?)?;
        let mut part = read_head(&bytes[head..head_end])?;
        (part.start, part.end) = (start.min(end), end);
        parts.push(part);
        at = end + between.len();
    }
}

fn read_head(head: &[u8]) -> Option<Part> {
    let mut part = Part { name: String::new(), filename: None, media_type: None, start: 0, end: 0 };
    let mut named = false;
    let text = String::from_utf8_lossy(head);
    for line in text.split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-disposition") {
            let (kind, parameters) = value.split_once(';')?;
            if !kind.trim().eq_ignore_ascii_case("form-data") {
                return None;
            }
            // The plain form is what browsers send; a part that has the other alone is a file all the same.
            part.filename = parameter(parameters, "filename").or_else(|| extended(parameters, "filename*"));
            part.name = parameter(parameters, "name")?;
            named = true;
        } else if name.eq_ignore_ascii_case("content-type") {
            part.media_type = Some(value.trim().to_owned());
        }
    }
    named.then_some(part)
}

/// A parameter's value, quoted or not, with what forms escape put back.
fn parameter(parameters: &str, wanted: &str) -> Option<String> {
    let mut rest = parameters;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ';']);
        let (name, after) = rest.split_once('=')?;
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(';').unwrap_or(after.len())),
        };
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value.replace("%22", "\"").replace("%0D", "\r").replace("%0A", "\n"));
        }
        rest = next;
    }
}

/// A parameter in the extended notation (RFC 8187): charset, language, and percent-encoded bytes.
fn extended(parameters: &str, wanted: &str) -> Option<String> {
    let value = parameter(parameters, wanted)?;
    let mut pieces = value.splitn(3, '\'');
    let (charset, _, encoded) = (pieces.next()?, pieces.next()?, pieces.next()?);
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = (*byte == b'%').then(|| after.get(..2)).flatten();
        let decoded = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(decoded.unwrap_or(*byte));
        rest = if decoded.is_some() { &after[2..] } else { after };
    }
    Some(match charset.eq_ignore_ascii_case("iso-8859-1") {
        true => bytes.iter().map(|byte| char::from(*byte)).collect(),
        false => String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn multipart_parse<'js>(
    ctx: Ctx<'js>,
    bytes: TypedArray<'js, u8>,
    boundary: JsString<'js>,
) -> Result<Option<Array<'js>>> {
    let Some(parts) = parse(bytes.as_bytes().unwrap_or_default(), &text::text(&boundary)?) else {
        return Ok(None);
    };
    let list = Array::new(ctx.clone())?;
    for (index, part) in parts.into_iter().enumerate() {
        let item = Array::new(ctx.clone())?;
        item.set(0, part.name)?;
        // A file without a type is text, as forms have it.
        match part.filename {
            Some(filename) => item.set(1, filename)?,
            None => item.set(1, javy_plugin_api::javy::quickjs::Null)?,
        }
        item.set(2, part.media_type.unwrap_or_else(|| "text/plain".to_owned()))?;
        item.set(3, part.start as f64)?;
        item.set(4, (part.end - part.start) as f64)?;
        list.set(index, item)?;
    }
    Ok(Some(list))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("multipartParse", Function::new(ctx.clone(), multipart_parse)?)
}
