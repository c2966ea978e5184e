//! Sockets to hosts outside, as host operations.

use javy_plugin_api::javy::quickjs::{
    Array, ArrayBuffer, Ctx, Exception, Function, IntoJs, Object, Result, String as JsString, TypedArray,
    Value,
};
use mayfly_abi::op::{HostCall, Operation};
use mayfly_abi::operation::{ConnectFrame, MessageFrame};

use super::database::nothing;
use super::headers;
use crate::phase::{self, require_invocation};
use crate::{import, pending, text};

/// Calls back with the subprotocol once it is open. The number of the operation is the socket's.
fn connect<'js>(
    ctx: Ctx<'js>,
    url: JsString<'js>,
    header_list: Array<'js>,
    protocols: JsString<'js>,
    callback: Function<'js>,
) -> Result<u32> {
    require_invocation(&ctx, "A WebSocket")?;
    let (url, protocols) = (text::text(&url)?, text::text(&protocols)?);
    let headers = headers::pairs(&header_list)?;
    let frame = ConnectFrame { url: &url, headers, protocols: &protocols }.to_frame();
    pending::answer(&ctx, Operation::SocketConnect, &frame, opened, callback)
}

fn opened<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    text::from_bytes(ctx, answer).map(JsString::into_value)
}

/// Calls back with the next message: a string, an `ArrayBuffer`, or the code and the reason of its end. The operation's
/// number.
fn read<'js>(ctx: Ctx<'js>, socket: u32, callback: Function<'js>) -> Result<u32> {
    pending::answer(&ctx, Operation::SocketRead, &socket.to_le_bytes(), message, callback)
}

fn message<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    match MessageFrame::read_answer(answer) {
        Ok(MessageFrame::Text(text)) => text.into_js(ctx),
        Ok(MessageFrame::Binary(bytes)) => Ok(ArrayBuffer::new_copy(ctx.clone(), bytes)?.into_value()),
        Ok(MessageFrame::Close(code, reason)) => {
            let end = Array::new(ctx.clone())?;
            end.set(0, code)?;
            end.set(1, reason)?;
            Ok(end.into_value())
        }
        Err(_) => Err(Exception::throw_internal(ctx, "The host's answer could not be read")),
    }
}

/// Sends a message, and calls back when it is written.
fn write<'js>(
    ctx: Ctx<'js>,
    socket: u32,
    is_text: bool,
    bytes: TypedArray<'js, u8>,
    callback: Function<'js>,
) -> Result<u32> {
    let bytes = bytes.as_bytes().unwrap_or_default();
    let message = match std::str::from_utf8(bytes) {
        Ok(text) if is_text => MessageFrame::Text(text),
        _ => MessageFrame::Binary(bytes),
    };
    pending::answer(&ctx, Operation::SocketWrite, &message.to_frame(socket), nothing, callback)
}

/// Sends the beginning of the end, and calls back when it is written.
fn close<'js>(
    ctx: Ctx<'js>,
    socket: u32,
    code: u16,
    reason: JsString<'js>,
    callback: Function<'js>,
) -> Result<u32> {
    let reason = text::text(&reason)?;
    let frame = MessageFrame::Close(code, &reason).to_frame(socket);
    pending::answer(&ctx, Operation::SocketWrite, &frame, nothing, callback)
}

/// It is not wanted any more.
fn end(socket: u32) {
    import::send_number(HostCall::SocketEnd, socket);
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    let sockets = Object::new(ctx.clone())?;
    sockets.set_prototype(None)?;
    sockets.set("connect", Function::new(ctx.clone(), connect)?)?;
    sockets.set("read", Function::new(ctx.clone(), read)?)?;
    sockets.set("write", Function::new(ctx.clone(), write)?)?;
    sockets.set("close", Function::new(ctx.clone(), close)?)?;
    sockets.set("end", Function::new(ctx.clone(), end)?)?;
    sockets.set("hold", Function::new(ctx.clone(), phase::hold)?)?;
    host.set("sockets", sockets)
}
