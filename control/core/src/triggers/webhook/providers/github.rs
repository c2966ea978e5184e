//! GitHub: `X-Hub-Signature-256: sha256=HEX`, a HMAC-SHA256 of the body; the delivery's id is in `X-GitHub-Delivery`.

use ring::hmac::HMAC_SHA256;

use super::super::signature::{SignatureFault, Unverified, WebhookSecret, check_mac};

const HEADER: &str = "x-hub-signature-256";

pub(super) const ID_HEADER: &str = "x-github-delivery";

pub(super) fn verify(delivery: &Unverified<'_>, secrets: &[WebhookSecret]) -> Result<(), SignatureFault> {
    let header = delivery.header(HEADER)?;
    let signature = header.strip_prefix("sha256=").and_then(|text| hex::decode(text).ok());
    let signature = signature.ok_or_else(|| SignatureFault::Malformed(HEADER.to_owned()))?;
    check_mac(HMAC_SHA256, secrets, &[delivery.body], &[signature])
}
