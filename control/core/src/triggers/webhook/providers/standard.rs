//! Standard Webhooks, and Svix: `webhook-signature: v1,BASE64 v1a,BASE64 ...` of `ID.SECONDS.BODY`, with the other two in
//! `webhook-id` and `webhook-timestamp`. `v1` is a HMAC-SHA256, `v1a` an Ed25519 signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::HMAC_SHA256;

use super::super::signature::{
    InvocationTerms, SignatureFault, Unverified, WebhookSecret, check_ed25519, check_mac,
};

struct Names {
    id: &'static str,
    time: &'static str,
    signature: &'static str,
}

const STANDARD_NAMES: Names =
    Names { id: "webhook-id", time: "webhook-timestamp", signature: "webhook-signature" };
const SVIX_NAMES: Names = Names { id: "svix-id", time: "svix-timestamp", signature: "svix-signature" };

pub(super) fn verify(
    delivery: &Unverified<'_>,
    secrets: &[WebhookSecret],
    terms: &InvocationTerms<'_>,
) -> Result<(), SignatureFault> {
    let names = names(delivery);
    let header = delivery.header(names.signature)?;
    let (id, time) = (delivery.header(names.id)?, delivery.header(names.time)?);
    let (mut shared, mut public) = (Vec::new(), Vec::new());
    for item in header.split_ascii_whitespace() {
        match item.split_once(',') {
            // What is no base64 fits nothing; others in the header may.
            Some(("v1", text)) => shared.extend(STANDARD.decode(text)),
            Some(("v1a", text)) => public.extend(STANDARD.decode(text)),
            // Other versions are passed over.
            Some(_) => {}
            None => return Err(SignatureFault::Malformed(names.signature.to_owned())),
        }
    }
    if shared.is_empty() && public.is_empty() {
        return Err(SignatureFault::Malformed(names.signature.to_owned()));
    }
    terms.check_time(time, names.time)?;
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", delivery.body];
    if !public.is_empty() && check_ed25519(secrets, &parts.concat(), &public).is_ok() {
        return Ok(());
    }
    check_mac(HMAC_SHA256, secrets, &parts, &shared)
}

pub(super) fn id(delivery: &Unverified<'_>) -> Option<String> {
    delivery.optional(names(delivery).id).map(str::to_owned)
}

/// Svix's names where the standard's are not there.
fn names(delivery: &Unverified<'_>) -> Names {
    let has = |name: &str| delivery.headers.iter().any(|(header, _)| header == name);
    if !has(STANDARD_NAMES.signature) && has(SVIX_NAMES.signature) { SVIX_NAMES } else { STANDARD_NAMES }
}
