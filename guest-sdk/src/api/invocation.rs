//! The current invocation: its request, read piece by piece, and the client's disconnect.

use std::cell::RefCell;

use javy_plugin_api::javy::quickjs::{ArrayBuffer, Ctx, Function, Object, Result, String as JsString, Value};
use mayfly_abi::frame::Reader;
use mayfly_abi::head::Head;
use mayfly_abi::op::{HostCall, Operation};

use super::{body, headers, random};
use crate::phase::require_invocation;
use crate::{import, json, pending, text};

thread_local! {
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes the head in and renews what the snapshot froze.
pub(crate) fn begin(head: Vec<u8>) {
    if let Ok(parsed) = Head::read(&head) {
        random::reseed(parsed.seed);
    }
    HEAD.set(head);
}

fn with_head<R: Default>(read: impl FnOnce(Head<'_>) -> R) -> R {
    HEAD.with_borrow(|bytes| Head::read(bytes).map(read).unwrap_or_default())
}

pub(super) fn started_at_ms() -> f64 {
    with_head(|head| head.started_at_ms)
}

fn whole_body() -> Vec<u8> {
    import::read_exactly(HostCall::Body)
}

fn header_list(ctx: Ctx<'_>) -> Result<Value<'_>> {
    let pairs = with_head(|head| Reader::new(head.headers).pairs().unwrap_or_default());
    headers::list(&ctx, pairs.iter().map(|(name, value)| (name, value)))
}

fn body_text(ctx: Ctx<'_>) -> Result<JsString<'_>> {
    text::from_bytes(&ctx, without_mark(&whole_body()))
}

/// The value of the body's JSON; `undefined` where only `JSON.parse` can say what it is, or what is wrong with it.
fn body_json(ctx: Ctx<'_>) -> Value<'_> {
    let bytes = whole_body();
    let bytes = without_mark(&bytes);
    if std::str::from_utf8(bytes).is_err() {
        return Value::new_undefined(ctx);
    }
    json::quick(&ctx, bytes)
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

fn body_bytes(ctx: Ctx<'_>) -> Result<ArrayBuffer<'_>> {
    require_invocation(&ctx, "The request's body")?;
    ArrayBuffer::new(ctx, whole_body())
}

/// Calls back with the next piece of a body that is still arriving; it is empty at the end.
fn body_read<'js>(ctx: Ctx<'js>, callback: Function<'js>) -> Result<()> {
    pending::answer(&ctx, Operation::BodyRead, &[], body::answered, callback).map(drop)
}

/// Calls back when the client disconnects.
fn disconnect<'js>(ctx: Ctx<'js>, callback: Function<'js>) -> Result<()> {
    pending::callback(&ctx, Operation::Disconnect, &[], callback).map(drop)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("method", Function::new(ctx.clone(), || with_head(|head| head.method.to_owned()))?)?;
    host.set("url", Function::new(ctx.clone(), || with_head(|head| head.url.to_owned()))?)?;
    host.set("bodyKind", Function::new(ctx.clone(), || with_head(|head| head.body as u8))?)?;
    host.set("bodyRead", Function::new(ctx.clone(), body_read)?)?;
    host.set("disconnect", Function::new(ctx.clone(), disconnect)?)?;
    host.set("headers", Function::new(ctx.clone(), header_list)?)?;
    host.set("bodyText", Function::new(ctx.clone(), body_text)?)?;
    host.set("bodyJson", Function::new(ctx.clone(), body_json)?)?;
    host.set("bodyBytes", Function::new(ctx.clone(), body_bytes)?)
}
