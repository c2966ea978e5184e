//! A sender of its own: a HMAC-SHA256 of the body in hexadecimal, perhaps behind `sha256=`, in a header that the trigger names.

use ring::hmac::HMAC_SHA256;

use super::super::signature::{InvocationTerms, SignatureFault, Unverified, WebhookSecret, check_mac};

/// The header, unless the trigger names another.
const HEADER: &str = "x-signature";

pub(super) fn verify(
    delivery: &Unverified<'_>,
    secrets: &[WebhookSecret],
    terms: &InvocationTerms<'_>,
) -> Result<(), SignatureFault> {
    let name = terms.signature_header.unwrap_or(HEADER);
    let header = delivery.header(name)?;
    let signature = hex::decode(header.strip_prefix("sha256=").unwrap_or(header));
    let signature = signature.map_err(|_| SignatureFault::Malformed(name.to_owned()))?;
    check_mac(HMAC_SHA256, secrets, &[delivery.body], &[signature])
}
