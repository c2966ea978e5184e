//! `GET /v1/{app}/usage`, and `POST /v1/{app}/usage/verify`.

use serde_json::{Value, json};

use super::logs::millis;
use crate::stage::{Admitted, RoomRequest};
use crate::{Edge, Reply, json as body, query};
use mayfly_api::error::ApiResult;
use mayfly_api::fields::Fields;
use mayfly_common::clock::rfc3339;
use mayfly_core::usage::read_query;
use mayfly_store::{UsageGroup, UsageOf, UsageSums};

/// The longest id of an invocation that is looked for.
const ID_CHARS_MAX: usize = 64;

/// The largest whole number that every reader of JSON keeps.
const SAFE_MAX: u128 = (1 << 53) - 1;

pub(crate) async fn get(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let pairs = query::pairs(&request.head.uri);
    let wanted = read_query(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let report = edge.usages.read(app, &wanted).await?;
    let by = match wanted.group {
        UsageGroup::Function => "function",
        UsageGroup::Day => "day",
    };
    body::ok(&json!({
        "from": rfc3339(wanted.from),
        "to": rfc3339(wanted.to),
        "group_by": by,
        "total": show(&report.total),
        "groups": report.groups.iter().map(|group| show_group(wanted.group, group)).collect::<Vec<_>>(),
    }))
}

/// `POST /v1/{app}/usage/verify {invocation}`
pub(crate) async fn verify(edge: &Edge, request: Admitted) -> ApiResult<Reply> {
    let RoomRequest { app, room, body: bytes } = request.into_room()?;
    let mut fields = Fields::of(body::decode(&bytes)?, "")?;
    let invocation = fields.required_text("invocation", 1, ID_CHARS_MAX)?;
    fields.finish()?;
    let verified = edge.verify.invocation(&app, &invocation, room.slot).await?;
    body::ok(&json!({
        "invocation_id": invocation,
        "fuel": verified.fuel,
        "replayed_fuel": verified.replayed_fuel,
        "matches": verified.matches(),
        "divergence": verified.divergence,
    }))
}

fn show_group(by: UsageGroup, group: &UsageOf) -> Value {
    let mut shown = show(&group.usage);
    match by {
        UsageGroup::Function => {
            shown["function_id"] = group.key.as_str().into();
            shown["function"] = group.name.as_str().into();
        }
        UsageGroup::Day => shown["day"] = group.key.as_str().into(),
    }
    shown
}

fn show(usage: &UsageSums) -> Value {
    json!({
        "invocations": exact(usage.invocations),
        "errors": exact(usage.errors),
        "duration_ms": millis(u64::try_from(usage.duration_us).unwrap_or(u64::MAX)),
        "fuel": exact(usage.fuel),
        "database_ms": millis(u64::try_from(usage.database_us).unwrap_or(u64::MAX)),
        "egress_bytes": exact(usage.egress_bytes),
    })
}

/// A number when it is a safe one, else its digits.
fn exact(value: u128) -> Value {
    match u64::try_from(value) {
        Ok(small) if value <= SAFE_MAX => small.into(),
        _ => value.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_exact_whatever_its_size() {
        assert_eq!(exact(9_007_199_254_740_991), json!(9_007_199_254_740_991_u64));
        assert_eq!(exact(9_007_199_254_740_992), json!("9007199254740992"));
        assert_eq!(exact(u128::MAX), json!(u128::MAX.to_string()));
    }
}
