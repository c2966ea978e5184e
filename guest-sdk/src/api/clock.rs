//! Time since the invocation began.

use std::time::{SystemTime, UNIX_EPOCH};

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result};

use super::invocation;

/// Milliseconds since 1970, in whole ones: the host's clock is that coarse on purpose.
fn now_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_millis() as f64)
}

pub(super) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    host.set("startedAt", Function::new(ctx.clone(), invocation::started_at_ms)?)?;
    host.set("elapsed", Function::new(ctx.clone(), || (now_ms() - invocation::started_at_ms()).max(0.0))?)
}
