//! The response, written into one frame.
#![allow(
    unsafe_code,
    reason = "the fields of a response are read by the engine itself, and its natives made by it"
)]

use javy_plugin_api::javy::quickjs::{
    Array, Ctx, Error, Function, Object, Result, String as JsString, TypedArray, Value, qjs,
};
use mayfly_abi::body::BodyFrame;
use mayfly_abi::frame::Writer;
use mayfly_abi::op::{HostCall, Operation};
use mayfly_abi::response::{self, ResponseHeaders};

use super::body::{self, Outgoing};
use super::headers;
use crate::{import, pending, text};

fn respond(
    status: u16,
    content_type: Option<JsString<'_>>,
    header_list: Option<Array<'_>>,
    body: Value<'_>,
) -> Result<()> {
    let headers = match (&header_list, &content_type) {
        (Some(list), _) => Given::Pairs(headers::pairs(list)?),
        (None, Some(content_type)) => Given::ContentType(text::text(content_type)?),
        (None, None) => Given::Pairs(Vec::new()),
    };
    let body = Outgoing::of(&body)?;
    let mut writer = Writer::with_capacity(256);
    response::write(&mut writer, status, headers.as_headers(), body.as_body());
    import::send(HostCall::Respond, &writer.finish());
    Ok(())
}

/// Hands a response to the host whose body is text or nothing. `false`: it is none, or takes more.
pub(crate) fn respond_plainly(value: &Value<'_>) -> Result<bool> {
    let ctx = value.ctx();
    let (mut headers, mut body) = (qjs::JS_UNDEFINED, qjs::JS_UNDEFINED);
    // SAFETY: the value is this context's.
    let status = unsafe {
        qjs::JS_ResponseFields(ctx.as_raw().as_ptr(), value.as_raw(), &raw mut headers, &raw mut body)
    };
    if status < 0 {
        return Ok(false);
    }
    let (headers, body) = (counted(ctx, headers), counted(ctx, body));
    let text = body.as_string();
    if text.is_none() && !body.is_null() {
        return Ok(false);
    }
    let Some(headers) = given(&headers)? else { return Ok(false) };
    let headers = headers.as_headers();
    let mut writer = Writer::with_capacity(256);
    match text {
        None => response::write(&mut writer, status as u16, headers, BodyFrame::None),
        Some(text) => text::with_utf8(text, |bytes| {
            response::write(&mut writer, status as u16, headers, BodyFrame::Whole(bytes));
        })?,
    }
    import::send(HostCall::Respond, &writer.finish());
    Ok(true)
}

/// The headers that a response was given.
enum Given {
    ContentType(String),
    Pairs(Vec<(String, String)>),
}

impl Given {
    fn as_headers(&self) -> ResponseHeaders<'_> {
        match self {
            Self::ContentType(value) => ResponseHeaders::ContentType(value),
            Self::Pairs(pairs) => ResponseHeaders::Pairs(pairs),
        }
    }
}

/// The headers of a response: its content type alone, nothing, or `Headers`; nothing where they are none of these.
fn given(headers: &Value<'_>) -> Result<Option<Given>> {
    if headers.is_null() {
        return Ok(Some(Given::Pairs(Vec::new())));
    }
    if let Some(content_type) = headers.as_string() {
        return Ok(Some(Given::ContentType(text::text(content_type)?)));
    }
    let ctx = headers.ctx();
    let mut pairs = Vec::new();
    loop {
        let (mut name, mut value) = (qjs::JS_UNDEFINED, qjs::JS_UNDEFINED);
        // SAFETY: the value is this context's.
        let found = unsafe {
            let (context, index) = (ctx.as_raw().as_ptr(), pairs.len() as u32);
            qjs::JS_HeaderAt(context, headers.as_raw(), index, &raw mut name, &raw mut value)
        };
        match found {
            0 => return Ok(Some(Given::Pairs(pairs))),
            1 => {
                let (name, value) = (counted(ctx, name), counted(ctx, value));
                let (Some(name), Some(value)) = (name.as_string(), value.as_string()) else {
                    return Ok(None);
                };
                pairs.push((text::text(name)?, text::text(value)?));
            }
            _ => return Ok(None),
        }
    }
}

/// A value that the engine has read out of an object, counted for as long as it is looked at.
fn counted<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Value<'js> {
    // SAFETY: the value is this context's, and alive: what it was read from is.
    unsafe { Value::from_raw(ctx.clone(), qjs::JS_DupValue(ctx.as_raw().as_ptr(), value)) }
}

/// Sends the piece of `bytes` from `start` on, and calls back when it has been taken. Where the next one starts.
fn body_write<'js>(
    ctx: Ctx<'js>,
    bytes: TypedArray<'js, u8>,
    start: u32,
    callback: Function<'js>,
) -> Result<u32> {
    let piece = body::piece(&bytes, start as usize);
    pending::answer(&ctx, Operation::BodyWrite, piece, body::answered, callback)?;
    Ok(start + piece.len() as u32)
}

fn body_end(is_complete: bool) {
    import::send_number(HostCall::BodyEnd, u32::from(is_complete));
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    // SAFETY: both are this context's; the engine adds functions, or throws.
    if unsafe { qjs::JS_AddHttpNatives(ctx.as_raw().as_ptr(), host.as_raw()) } < 0 {
        return Err(Error::Exception);
    }
    host.set("respond", Function::new(ctx.clone(), respond)?)?;
    host.set("bodyWrite", Function::new(ctx.clone(), body_write)?)?;
    host.set("bodyEnd", Function::new(ctx.clone(), body_end)?)
}
