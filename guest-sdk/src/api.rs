//! The natives, one file a capability, under the names by which the prelude beside them calls them.

use javy_plugin_api::javy::quickjs::{Ctx, Object, Result};

use crate::{async_frames, await_stack};

mod body;
mod clock;
mod compute;
mod console;
mod context;
mod database;
mod dispatch;
mod encoding;
mod enqueue;
pub(crate) mod errors;
mod fetch;
mod form_data;
mod headers;
mod idempotency;
mod intl;
pub(crate) mod invocation;
mod kv;
mod random;
mod realtime;
pub(crate) mod response;
mod tasks;
mod timers;
mod url;
mod url_pattern;
mod websocket;

/// Puts every native on the object that the prelude gets.
pub(crate) fn register<'js>(ctx: &Ctx<'js>, host: &Object<'js>) -> Result<()> {
    async_frames::register(ctx, host)?;
    await_stack::register(ctx, host)?;
    clock::register(ctx, host)?;
    compute::register(ctx, host)?;
    console::register(ctx, host)?;
    context::register(ctx, host)?;
    database::register(ctx, host)?;
    dispatch::register(ctx, host)?;
    encoding::register(ctx, host)?;
    enqueue::register(ctx, host)?;
    fetch::register(ctx, host)?;
    form_data::register(ctx, host)?;
    headers::register(ctx, host)?;
    idempotency::register(ctx, host)?;
    intl::register(ctx, host)?;
    invocation::register(ctx, host)?;
    kv::register(ctx, host)?;
    random::register(ctx, host)?;
    realtime::register(ctx, host)?;
    response::register(ctx, host)?;
    tasks::register(ctx, host)?;
    timers::register(ctx, host)?;
    url::register(ctx, host)?;
    url_pattern::register(ctx, host)?;
    websocket::register(ctx, host)
}
