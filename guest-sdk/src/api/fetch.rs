//! Outbound requests.

use javy_plugin_api::javy::quickjs::{
    Array, ArrayBuffer, Ctx, Function, Object, Result, String as JsString, Value,
};
use mayfly_abi::frame::Writer;
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{Fetch, Fetched};

use super::{headers, require_invocation, response};
use crate::{pending, text};

fn fetch<'js>(
    ctx: Ctx<'js>,
    method: JsString<'js>,
    url: JsString<'js>,
    redirect: u8,
    header_list: Array<'js>,
    body: Value<'js>,
) -> Result<Object<'js>> {
    require_invocation(&ctx, "fetch")?;
    let pairs = headers::pairs(&header_list)?;
    let body = response::body_bytes(&body)?;
    let mut writer = Writer::with_capacity(256 + body.as_ref().map_or(0, Vec::len));
    let headers = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Fetch::begin(&mut writer, &text::text(&method)?, &text::text(&url)?, redirect, headers, body.is_some());
    if let Some(body) = &body {
        writer.rest(body);
    }
    let (operation, promise) = pending::promise(&ctx, Operation::Fetch, &writer.finish(), fetched)?;
    let answer = Object::new(ctx)?;
    answer.set("operation", operation)?;
    answer.set("promise", promise)?;
    Ok(answer)
}

fn fetched<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let fetched = Fetched::read(answer).unwrap_or(Fetched {
        status: 502,
        redirected: false,
        url: "",
        headers: Vec::new(),
        body: &[],
    });
    let parts = Array::new(ctx.clone())?;
    parts.set(0, fetched.status)?;
    parts.set(1, fetched.url)?;
    parts.set(2, fetched.redirected)?;
    parts.set(
        3,
        headers::list(ctx, fetched.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))?,
    )?;
    parts.set(4, ArrayBuffer::new_copy(ctx.clone(), fetched.body)?)?;
    Ok(parts.into_value())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("fetch", Function::new(ctx.clone(), fetch)?)
}
