//! Claims of idempotency keys.

use javy_plugin_api::javy::quickjs::{
    Ctx, Exception, Function, Object, Promise, Result, String as JsString, Value,
};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{ClaimAnswer, ClaimFrame, FinishClaim};

use super::database::nothing;
use crate::phase::require_invocation;
use crate::{pending, text};

fn claim<'js>(
    ctx: Ctx<'js>,
    key: JsString<'js>,
    scope: JsString<'js>,
    ttl_seconds: u32,
) -> Result<Promise<'js>> {
    let frame = frame(&ctx, &key, &scope, ttl_seconds)?;
    Ok(pending::promise(&ctx, Operation::IdempotencyClaim, &frame, boolean)?.1)
}

fn begin<'js>(
    ctx: Ctx<'js>,
    key: JsString<'js>,
    scope: JsString<'js>,
    ttl_seconds: u32,
) -> Result<Promise<'js>> {
    let frame = frame(&ctx, &key, &scope, ttl_seconds)?;
    Ok(pending::promise(&ctx, Operation::IdempotencyBegin, &frame, begun)?.1)
}

fn frame<'js>(
    ctx: &Ctx<'js>,
    key: &JsString<'js>,
    scope: &JsString<'js>,
    ttl_seconds: u32,
) -> Result<Vec<u8>> {
    require_invocation(ctx, "ctx.idempotency")?;
    Ok(ClaimFrame { key: text::text(key)?, scope: text::text(scope)?, ttl_seconds }.to_frame())
}

fn finish<'js>(ctx: Ctx<'js>, transaction: u32, result: JsString<'js>) -> Result<Promise<'js>> {
    let frame = FinishClaim { transaction, result: text::text(&result)? }.to_frame();
    Ok(pending::promise(&ctx, Operation::IdempotencyFinish, &frame, nothing)?.1)
}

/// `{ transaction, result }`: the number of a transaction to work in, or 0 and the result of earlier work.
fn begun<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let (transaction, result) = match ClaimAnswer::read(answer) {
        Ok(ClaimAnswer::Mine(transaction)) => (transaction, ""),
        Ok(ClaimAnswer::Done(result)) => (0, result),
        Err(_) => return Err(Exception::throw_internal(ctx, "The host's answer could not be read")),
    };
    let object = Object::new(ctx.clone())?;
    object.set("transaction", transaction)?;
    object.set("result", result)?;
    Ok(object.into_value())
}

fn boolean<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    Ok(Value::new_bool(ctx.clone(), answer.first() == Some(&1)))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("claim", Function::new(ctx.clone(), claim)?)?;
    host.set("idempotencyBegin", Function::new(ctx.clone(), begin)?)?;
    host.set("idempotencyFinish", Function::new(ctx.clone(), finish)?)
}
