//! Slack: `X-Slack-Signature: v0=HEX`, a HMAC-SHA256 of `v0:SECONDS:BODY` with the seconds of
//! `X-Slack-Request-Timestamp`. Events have an `event_id`, commands a `trigger_id`.

use ring::hmac::HMAC_SHA256;
use serde::Deserialize;
use serde_json::json;

use super::super::signature::{InvocationTerms, SignatureFault, Unverified, WebhookSecret, check_mac};
use super::HostAnswer;

const HEADER: &str = "x-slack-signature";
const TIME_HEADER: &str = "x-slack-request-timestamp";

#[derive(Deserialize)]
struct Body {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    challenge: Option<String>,
    #[serde(default)]
    event_id: Option<String>,
}

pub(super) fn verify(
    delivery: &Unverified<'_>,
    secrets: &[WebhookSecret],
    terms: &InvocationTerms<'_>,
) -> Result<(), SignatureFault> {
    let (header, time) = (delivery.header(HEADER)?, delivery.header(TIME_HEADER)?);
    let signature = header.strip_prefix("v0=").and_then(|text| hex::decode(text).ok());
    let signature = signature.ok_or_else(|| SignatureFault::Malformed(HEADER.to_owned()))?;
    terms.check_time(time, TIME_HEADER)?;
    check_mac(HMAC_SHA256, secrets, &[b"v0:", time.as_bytes(), b":", delivery.body], &[signature])
}

/// What has no id of its own is named by its signature, which covers its time.
pub(super) fn id(delivery: &Unverified<'_>) -> Option<String> {
    if let Ok(Body { event_id: Some(id), .. }) = serde_json::from_slice(delivery.body) {
        return Some(id);
    }
    let mut fields = url::form_urlencoded::parse(delivery.body);
    match fields.find(|(name, _)| name == "trigger_id") {
        Some((_, id)) => Some(id.into_owned()),
        None => delivery.optional(HEADER).map(str::to_owned),
    }
}

/// Slack asks a URL, once, whether it is the app's.
pub(super) fn answer(body: &[u8]) -> Option<HostAnswer> {
    let Body { kind, challenge, .. } = serde_json::from_slice(body).ok()?;
    (kind.as_deref() == Some("url_verification")).then(|| HostAnswer {
        status: 200,
        body: Some(json!({ "challenge": challenge.unwrap_or_default() })),
    })
}
