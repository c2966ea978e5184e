//! Claims of idempotency keys.

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Promise, Result, String as JsString, Value};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::Claim;

use super::require_invocation;
use crate::{pending, text};

fn claim<'js>(
    ctx: Ctx<'js>,
    key: JsString<'js>,
    scope: JsString<'js>,
    ttl_seconds: u32,
) -> Result<Promise<'js>> {
    require_invocation(&ctx, "ctx.idempotency")?;
    let frame = Claim { key: text::text(&key)?, scope: text::text(&scope)?, ttl_seconds }.to_frame();
    Ok(pending::promise(&ctx, Operation::IdempotencyClaim, &frame, boolean)?.1)
}

fn boolean<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    Ok(Value::new_bool(ctx.clone(), answer.first() == Some(&1)))
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("claim", Function::new(ctx.clone(), claim)?)
}
