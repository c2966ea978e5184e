//! Stripe: `Stripe-Signature: t=SECONDS,v1=HEX,...`, a HMAC-SHA256 of `SECONDS.BODY`; the event's id is in the body.

use ring::hmac::HMAC_SHA256;

use super::super::signature::{InvocationTerms, SignatureFault, Unverified, WebhookSecret, check_mac};

const HEADER: &str = "stripe-signature";

pub(super) fn verify(
    delivery: &Unverified<'_>,
    secrets: &[WebhookSecret],
    terms: &InvocationTerms<'_>,
) -> Result<(), SignatureFault> {
    let header = delivery.header(HEADER)?;
    let malformed = || SignatureFault::Malformed(HEADER.to_owned());
    let (mut time, mut signatures) = (None, Vec::new());
    for item in header.split(',') {
        let (name, value) = item.trim().split_once('=').ok_or_else(malformed)?;
        match name {
            "t" if time.is_some() => return Err(malformed()),
            "t" => time = Some(value),
            // What is no signature in hexadecimal fits nothing; others in the header may.
            "v1" => signatures.extend(hex::decode(value)),
            // Other schemes: `v0` is a test's.
            _ => {}
        }
    }
    let time = time.ok_or_else(malformed)?;
    if signatures.is_empty() {
        return Err(malformed());
    }
    terms.check_time(time, HEADER)?;
    check_mac(HMAC_SHA256, secrets, &[time.as_bytes(), b".", delivery.body], &signatures)
}
