//! The response, written into one frame.

use javy_plugin_api::javy::quickjs::{
    Array, Ctx, Function, Object, Result, String as JsString, TypedArray, Value,
};
use mayfly_abi::frame::Writer;
use mayfly_abi::op::{HostCall, Operation};
use mayfly_abi::response;

use super::body::{self, Outgoing};
use super::headers;
use crate::{import, pending, text};

fn respond(
    status: u16,
    content_type: Option<JsString<'_>>,
    header_list: Option<Array<'_>>,
    body: Value<'_>,
) -> Result<()> {
    let pairs = match (&header_list, &content_type) {
        (Some(list), _) => headers::pairs(list)?,
        (None, Some(content_type)) => vec![("content-type".to_owned(), text::text(content_type)?)],
        (None, None) => Vec::new(),
    };
    let body = Outgoing::of(&body)?;
    let mut writer = Writer::with_capacity(256);
    let headers = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    response::write(&mut writer, status, headers, body.as_body());
    import::send(HostCall::Respond, &writer.finish());
    Ok(())
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
    host.set("respond", Function::new(ctx.clone(), respond)?)?;
    host.set("bodyWrite", Function::new(ctx.clone(), body_write)?)?;
    host.set("bodyEnd", Function::new(ctx.clone(), body_end)?)
}
