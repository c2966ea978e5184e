//! The current invocation: its request, read piece by piece, and the client's disconnect.

use std::cell::{Cell, RefCell};

use javy_plugin_api::javy::quickjs::{
    ArrayBuffer, Ctx, Function, Object, Persistent, Result, String as JsString, Value,
};
use mayfly_abi::body::BodyKind;
use mayfly_abi::frame::Reader;
use mayfly_abi::head::Head;
use mayfly_abi::op::{HostCall, Operation};

use super::{body, headers, random};
use crate::phase::require_invocation;
use crate::{import, json, pending, settlement, text};

/// What became of the body, as [`BodyKind`] says where it is: it was taken whole.
const TAKEN: u8 = 3;

thread_local! {
    static HEAD: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// The prelude's object for the request.
    static REQUEST: RefCell<Option<Persistent<Value<'static>>>> = const { RefCell::new(None) };
    /// Whether the prelude has asked where the body is, which it does once.
    static ASKED: Cell<bool> = const { Cell::new(false) };
    static IS_TAKEN: Cell<bool> = const { Cell::new(false) };
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

/// Where the body is: the prelude keeps a record of it from now on.
fn body_kind() -> u8 {
    ASKED.set(true);
    if IS_TAKEN.get() { TAKEN } else { with_head(|head| head.body as u8) }
}

/// The object whose body `takeJson` and `takeText` take.
fn incoming_is<'js>(ctx: Ctx<'js>, request: Value<'js>) {
    REQUEST.set(Some(Persistent::save(&ctx, request)));
}

/// The common way of reading a body: all of it is here, nothing has been done with it before, and it is the request's own. The
/// promise of what `read` makes of it; `undefined` where the prelude has to see to it.
fn take<'js>(
    ctx: &Ctx<'js>,
    request: &Value<'js>,
    read: impl FnOnce(&Ctx<'js>) -> Result<Value<'js>>,
) -> Result<Value<'js>> {
    let is_own = REQUEST.with_borrow(|own| {
        own.as_ref().is_some_and(|own| own.clone().restore(ctx).is_ok_and(|own| own == *request))
    });
    if is_own && !ASKED.get() && !IS_TAKEN.get() && with_head(|head| head.body == BodyKind::Whole) {
        let value = read(ctx)?;
        if !value.is_undefined() {
            IS_TAKEN.set(true);
            return Ok(settlement::resolved(ctx, value)?.into_value());
        }
    }
    Ok(Value::new_undefined(ctx.clone()))
}

fn take_json<'js>(ctx: Ctx<'js>, request: Value<'js>) -> Result<Value<'js>> {
    take(&ctx, &request, |ctx| Ok(body_json(ctx.clone())))
}

fn take_text<'js>(ctx: Ctx<'js>, request: Value<'js>) -> Result<Value<'js>> {
    take(&ctx, &request, |ctx| Ok(body_text(ctx.clone())?.into_value()))
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
    host.set("bodyKind", Function::new(ctx.clone(), body_kind)?)?;
    host.set("incomingIs", Function::new(ctx.clone(), incoming_is)?)?;
    host.set("takeJson", Function::new(ctx.clone(), take_json)?)?;
    host.set("takeText", Function::new(ctx.clone(), take_text)?)?;
    host.set("bodyRead", Function::new(ctx.clone(), body_read)?)?;
    host.set("disconnect", Function::new(ctx.clone(), disconnect)?)?;
    host.set("headers", Function::new(ctx.clone(), header_list)?)?;
    host.set("bodyText", Function::new(ctx.clone(), body_text)?)?;
    host.set("bodyJson", Function::new(ctx.clone(), body_json)?)?;
    host.set("bodyBytes", Function::new(ctx.clone(), body_bytes)?)
}
