//! Outbound requests (egress), as host operations.

use data_url::DataUrl;
use javy_plugin_api::javy::quickjs::{
    Array, Ctx, Exception, Function, Object, Result, String as JsString, TypedArray, Value,
};
use mayfly_abi::op::{HostCall, Operation};
use mayfly_abi::operation::{FetchEnd, FetchFrame, FetchWrite, Fetched, TransferEnd};

use super::body::{self, Outgoing};
use super::headers;
use crate::phase::require_invocation;
use crate::{import, pending, text};

fn fetch<'js>(
    ctx: Ctx<'js>,
    method: JsString<'js>,
    url: JsString<'js>,
    redirect: u8,
    header_list: Array<'js>,
    body: Value<'js>,
) -> Result<Object<'js>> {
    require_invocation(&ctx, "fetch")?;
    let (method, url) = (text::text(&method)?, text::text(&url)?);
    let headers = headers::pairs(&header_list)?;
    let body = Outgoing::of(&body)?;
    let frame = FetchFrame { method: &method, url: &url, redirect, headers, body: body.as_body() }.to_frame();
    let (operation, promise) = pending::promise(&ctx, Operation::Fetch, &frame, fetched)?;
    let answer = Object::new(ctx)?;
    answer.set("operation", operation)?;
    answer.set("promise", promise)?;
    Ok(answer)
}

fn fetched<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let Ok(fetched) = Fetched::read(answer) else {
        return Err(Exception::throw_type(ctx, "fetch failed: the answer cannot be read"));
    };
    let parts = Array::new(ctx.clone())?;
    // Resolving a promise with it looks up its `then`: there must be none.
    parts.as_object().set_prototype(None)?;
    parts.set(0, fetched.status)?;
    parts.set(1, fetched.status_text)?;
    parts.set(2, fetched.url)?;
    parts.set(3, fetched.redirected)?;
    let pairs = fetched.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    parts.set(4, headers::list(ctx, pairs)?)?;
    parts.set(5, body::incoming(ctx, fetched.body)?)?;
    Ok(parts.into_value())
}

/// Calls back with the next piece of an answer's body; it is empty at the end.
fn fetch_read<'js>(ctx: Ctx<'js>, fetch: u32, callback: Function<'js>) -> Result<()> {
    pending::answer(&ctx, Operation::FetchRead, &fetch.to_le_bytes(), body::answered, callback).map(drop)
}

/// Sends a piece of a request's body, and calls back when it has been taken. Where the next one starts.
fn fetch_write<'js>(
    ctx: Ctx<'js>,
    fetch: u32,
    bytes: TypedArray<'js, u8>,
    start: u32,
    callback: Function<'js>,
) -> Result<u32> {
    let piece = body::piece(&bytes, start as usize);
    let frame = FetchWrite { fetch, piece }.to_frame();
    pending::answer(&ctx, Operation::FetchWrite, &frame, body::answered, callback)?;
    Ok(start + piece.len() as u32)
}

/// How a body of a fetch ends: 0, the rest of the response's is not wanted; 1, the request's is complete; 2, it breaks
/// off.
fn fetch_end(fetch: u32, how: u8) {
    let ending = match how {
        0 => TransferEnd::Unwanted,
        1 => TransferEnd::Complete,
        _ => TransferEnd::Broken,
    };
    import::send(HostCall::FetchEnd, &FetchEnd { fetch, ending }.to_frame());
}

/// The media type and the bytes of a `data:` URL; nothing when it is none.
fn data_url<'js>(ctx: Ctx<'js>, url: JsString<'js>) -> Result<Option<Array<'js>>> {
    let text = text::text(&url)?;
    let Ok(url) = DataUrl::process(&text) else { return Ok(None) };
    let Ok((bytes, _)) = url.decode_to_vec() else { return Ok(None) };
    let parts = Array::new(ctx.clone())?;
    parts.set(0, url.mime_type().to_string())?;
    parts.set(1, TypedArray::<u8>::new_copy(ctx, bytes)?)?;
    Ok(Some(parts))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("fetch", Function::new(ctx.clone(), fetch)?)?;
    host.set("dataUrl", Function::new(ctx.clone(), data_url)?)?;
    host.set("fetchRead", Function::new(ctx.clone(), fetch_read)?)?;
    host.set("fetchWrite", Function::new(ctx.clone(), fetch_write)?)?;
    host.set("fetchEnd", Function::new(ctx.clone(), fetch_end)?)
}
