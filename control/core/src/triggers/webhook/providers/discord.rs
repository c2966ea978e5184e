//! Discord: `X-Signature-Ed25519`, a signature of `X-Signature-Timestamp` and the body by the application's key.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::super::signature::{InvocationTerms, SignatureFault, Unverified, WebhookSecret, check_ed25519};
use super::HostAnswer;

const HEADER: &str = "x-signature-ed25519";
const TIME_HEADER: &str = "x-signature-timestamp";

#[derive(Deserialize)]
struct Body {
    #[serde(default, rename = "type")]
    kind: Option<u8>,
    #[serde(default)]
    event: Option<IgnoredAny>,
}

pub(super) fn verify(
    delivery: &Unverified<'_>,
    secrets: &[WebhookSecret],
    terms: &InvocationTerms<'_>,
) -> Result<(), SignatureFault> {
    let (header, time) = (delivery.header(HEADER)?, delivery.header(TIME_HEADER)?);
    let signature = hex::decode(header).map_err(|_| SignatureFault::Malformed(HEADER.to_owned()))?;
    terms.check_time(time, TIME_HEADER)?;
    let message = [time.as_bytes(), delivery.body].concat();
    check_ed25519(secrets, &message, &[signature])
}

/// Discord asks whether a URL checks signatures: of interactions by type 1, of events by type 0.
pub(super) fn answer(body: &[u8]) -> Option<HostAnswer> {
    match serde_json::from_slice(body).ok()? {
        Body { kind: Some(1), event: None } => {
            Some(HostAnswer { status: 200, body: Some(json!({ "type": 1 })) })
        }
        Body { kind: Some(0), .. } => Some(HostAnswer { status: 204, body: None }),
        Body { .. } => None,
    }
}
