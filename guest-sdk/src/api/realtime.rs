//! Channels, and the socket whose frame is handled.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Promise, Result, String as JsString, Value};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::RealtimeFrame;

use super::database::{bytes_of, nothing};
use crate::phase::require_invocation;
use crate::{pending, text};

fn submit<'js>(ctx: &Ctx<'js>, frame: RealtimeFrame<'_>) -> Result<Promise<'js>> {
    Ok(pending::promise(ctx, Operation::Realtime, &frame.to_frame(), nothing)?.1)
}

fn broadcast<'js>(ctx: Ctx<'js>, channel: JsString<'js>, data: JsString<'js>) -> Result<Promise<'js>> {
    require_invocation(&ctx, "ctx.broadcast")?;
    let (channel, data) = (text::text(&channel)?, text::text(&data)?);
    submit(&ctx, RealtimeFrame::Broadcast { channel: &channel, data: &data })
}

fn send<'js>(ctx: Ctx<'js>, data: JsString<'js>) -> Result<Promise<'js>> {
    submit(&ctx, RealtimeFrame::Send(&text::text(&data)?))
}

/// Nothing where these are no bytes.
fn send_bytes<'js>(ctx: Ctx<'js>, data: Value<'js>) -> Result<Option<Promise<'js>>> {
    bytes_of(&data).map(|bytes| submit(&ctx, RealtimeFrame::SendBytes(&bytes))).transpose()
}

fn close<'js>(ctx: Ctx<'js>, code: u16, reason: JsString<'js>) -> Result<Promise<'js>> {
    submit(&ctx, RealtimeFrame::Close { code, reason: &text::text(&reason)? })
}

fn join<'js>(ctx: Ctx<'js>, channel: JsString<'js>, joins: bool) -> Result<Promise<'js>> {
    let channel = text::text(&channel)?;
    let frame = if joins { RealtimeFrame::Subscribe(&channel) } else { RealtimeFrame::Unsubscribe(&channel) };
    submit(&ctx, frame)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("broadcast", Function::new(ctx.clone(), broadcast)?)?;
    host.set("socketSend", Function::new(ctx.clone(), send)?)?;
    host.set("socketSendBytes", Function::new(ctx.clone(), send_bytes)?)?;
    host.set("socketClose", Function::new(ctx.clone(), close)?)?;
    host.set("socketJoin", Function::new(ctx.clone(), join)?)
}
