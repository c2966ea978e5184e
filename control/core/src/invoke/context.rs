//! The JSON that becomes `ctx.user`, `ctx.caller`, `ctx.app`, `ctx.request` and `ctx.trigger`.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::value::RawValue;

use mayfly_telemetry::request::RequestContext;

use super::TriggerEvent;
use crate::auth::Caller;
use crate::functions::CachedFunction;

#[derive(Serialize)]
struct GuestContext<'a> {
    user: Option<GuestUser<'a>>,
    caller: &'a Caller,
    app: GuestApp<'a>,
    request: GuestRequest<'a>,
    trigger: &'a TriggerEvent,
}

#[derive(Serialize)]
struct GuestUser<'a> {
    id: &'a str,
    claims: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct GuestApp<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GuestRequest<'a> {
    id: &'a str,
    ip: IpAddr,
    function_name: &'a str,
    path: &'a str,
}

/// The context of one invocation.
pub(super) fn json(
    cached: &CachedFunction,
    caller: &Caller,
    trigger: &TriggerEvent,
    request: &RequestContext,
    path: &str,
) -> String {
    let function = &cached.function;
    let context = GuestContext {
        // A user that a service key acts as has an id and no token, hence no claims.
        user: caller.user_id.as_deref().map(|id| GuestUser { id, claims: caller.claims.as_deref() }),
        caller,
        app: GuestApp { id: &function.app_id, name: &function.app_name },
        request: GuestRequest {
            id: &request.id,
            ip: request.peer,
            function_name: &function.function_name,
            path,
        },
        trigger,
    };
    // Strings, numbers and nulls only: there is nothing in it that JSON could not say.
    serde_json::to_string(&context).unwrap_or_else(|_| "{}".to_owned())
}
