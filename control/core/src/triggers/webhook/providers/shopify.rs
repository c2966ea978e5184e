//! Shopify: `X-Shopify-Hmac-Sha256`, a HMAC-SHA256 of the body in base64; the delivery's id is in `X-Shopify-Webhook-Id`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac::HMAC_SHA256;

use super::super::signature::{SignatureFault, Unverified, WebhookSecret, check_mac};

const HEADER: &str = "x-shopify-hmac-sha256";

pub(super) const ID_HEADER: &str = "x-shopify-webhook-id";

pub(super) fn verify(delivery: &Unverified<'_>, secrets: &[WebhookSecret]) -> Result<(), SignatureFault> {
    let signature = STANDARD
        .decode(delivery.header(HEADER)?)
        .map_err(|_| SignatureFault::Malformed(HEADER.to_owned()))?;
    check_mac(HMAC_SHA256, secrets, &[delivery.body], &[signature])
}
