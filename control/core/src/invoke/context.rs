//! The JSON that becomes `ctx.user`, `ctx.caller`, `ctx.app`, `ctx.request` and `ctx.trigger`.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Trigger;
use super::target::Target;
use crate::auth::Caller;

#[derive(Serialize)]
struct Context<'a> {
    user: Option<User<'a>>,
    caller: &'a Caller,
    app: App<'a>,
    request: Request<'a>,
    trigger: TriggerContext,
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    claims: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct App<'a> {
    id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    id: &'a str,
    ip: IpAddr,
    function_name: &'a str,
}

#[derive(Serialize)]
struct TriggerContext {
    #[serde(rename = "type")]
    kind: &'static str,
}

/// The context of one invocation.
pub(super) fn json(
    target: &Target,
    caller: &Caller,
    trigger: Trigger,
    request_id: &str,
    ip: IpAddr,
) -> String {
    let function = &target.function;
    let context = Context {
        // A user that a service key acts as has an id and no token, hence no claims.
        user: caller.user_id.as_deref().map(|id| User { id, claims: caller.claims.as_deref() }),
        caller,
        app: App { id: &function.app_id, name: &function.app_name },
        request: Request { id: request_id, ip, function_name: &function.function_name },
        trigger: TriggerContext { kind: trigger.context_kind() },
    };
    // Strings, numbers and nulls only: there is nothing in it that JSON could not say.
    serde_json::to_string(&context).unwrap_or_else(|_| "{}".to_owned())
}

impl Trigger {
    /// To the function, a test call is a request like any other.
    fn context_kind(self) -> &'static str {
        match self {
            Self::Http | Self::Invoke => "http",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invoke::testing::target;

    #[test]
    fn the_contracts_members_are_there() {
        let mut caller = Caller::anonymous(None);
        caller.user_id = Some("alice".into());
        let text =
            json(&target("app_0123456789ab"), &caller, Trigger::Http, "req_1", IpAddr::from([127, 0, 0, 1]));
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "user": {"id": "alice", "claims": null},
                "caller": {"type": "anonymous", "keyId": null, "scope": null, "userId": "alice"},
                "app": {"id": "app_0123456789ab", "name": "demo"},
                "request": {"id": "req_1", "ip": "127.0.0.1", "functionName": "hello"},
                "trigger": {"type": "http"}
            })
        );
    }
}
