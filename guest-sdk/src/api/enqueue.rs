//! Jobs for the app's functions.

use javy_plugin_api::javy::quickjs::{
    Ctx, Exception, Function, Object, Promise, Result, String as JsString, Value,
};
use mayfly_abi::op::Operation;
use mayfly_abi::operation::{EnqueueFrame, Enqueued, JobStart};

use crate::{pending, text};

/// The prelude has checked the job; the host checks it again.
fn enqueue<'js>(ctx: Ctx<'js>, transaction: u32, job: Object<'js>) -> Result<Promise<'js>> {
    let of = |name: &str| job.get::<_, JsString<'js>>(name).and_then(|value| text::text(&value));
    let (function, payload, key) = (of("name")?, of("payload")?, of("key")?);
    let Ok(start) = JobStart::from_parts(job.get("mode")?, job.get("ms")?) else {
        return Err(Exception::throw_internal(&ctx, "The start of the job is unknown"));
    };
    let frame = EnqueueFrame {
        transaction,
        function: &function,
        payload: &payload,
        key: &key,
        start,
        attempts: job.get("attempts")?,
        backoff: job.get("backoff")?,
    };
    Ok(pending::promise(&ctx, Operation::Enqueue, &frame.to_frame(), enqueued)?.1)
}

/// `{ id, duplicate }`
fn enqueued<'js>(ctx: &Ctx<'js>, answer: &[u8]) -> Result<Value<'js>> {
    let Ok(Enqueued { id, duplicate }) = Enqueued::read(answer) else {
        return Err(Exception::throw_internal(ctx, "The host's answer could not be read"));
    };
    let object = Object::new(ctx.clone())?;
    // Resolving a promise with it looks up its `then`: there must be none.
    object.set_prototype(None)?;
    object.set("id", id)?;
    object.set("duplicate", duplicate)?;
    Ok(object.into_value())
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("enqueue", Function::new(ctx.clone(), enqueue)?)
}
