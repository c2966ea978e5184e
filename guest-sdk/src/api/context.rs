//! `ctx`: the invocation's context, as the host's JSON. It is an object of few members, of which most functions look at none, and others at
//! one: each is read when it is asked for.

use std::cell::OnceCell;

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, String as JsString};
use mayfly_abi::op::HostCall;

use crate::phase::require_invocation;
use crate::{import, text};

thread_local! {
    static CONTEXT: OnceCell<Vec<u8>> = const { OnceCell::new() };
}

/// The JSON of a member of the context; undefined where it has none of that name.
fn fact<'js>(ctx: Ctx<'js>, name: String) -> Result<Option<JsString<'js>>> {
    require_invocation(&ctx, "ctx")?;
    CONTEXT.with(|context| {
        let context = context.get_or_init(|| import::read(HostCall::Context, 512));
        member(context, name.as_bytes()).map(|json| text::from_bytes(&ctx, json)).transpose()
    })
}

/// The text of an object's member. The host writes names without escapes, and no white space.
fn member<'a>(object: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut at = 1;
    while object.get(at) == Some(&b'"') {
        let key = at + 1;
        let end = key + object.get(key..)?.iter().position(|byte| *byte == b'"')?;
        let value = end + 2;
        let next = value + length_of_value(object.get(value..)?);
        if object.get(key..end)? == name {
            return object.get(value..next);
        }
        // Behind the comma.
        at = next + 1;
    }
    None
}

/// Up to the comma or the brace that follows it.
fn length_of_value(json: &[u8]) -> usize {
    let (mut depth, mut is_text, mut is_escaped) = (0_u32, false, false);
    for (at, byte) in json.iter().enumerate() {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    json.len()
}

fn env(ctx: Ctx<'_>) -> Result<JsString<'_>> {
    require_invocation(&ctx, "ctx.env")?;
    text::from_bytes(&ctx, &import::read(HostCall::Env, 512))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("fact", Function::new(ctx.clone(), fact)?)?;
    host.set("env", Function::new(ctx.clone(), env)?)?;
    host.set("timeLeft", Function::new(ctx.clone(), || import::send_number(HostCall::TimeLeft, 0) as f64)?)
}
