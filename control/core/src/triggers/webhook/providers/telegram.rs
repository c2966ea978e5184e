//! Telegram: no signature, but a token that both sides know, in `X-Telegram-Bot-Api-Secret-Token`; the body has an `update_id`.

use serde::Deserialize;

use super::super::signature::{SignatureFault, Unverified, WebhookSecret, is_same};

const HEADER: &str = "x-telegram-bot-api-secret-token";

#[derive(Deserialize)]
struct Body {
    update_id: u64,
}

pub(super) fn verify(delivery: &Unverified<'_>, secrets: &[WebhookSecret]) -> Result<(), SignatureFault> {
    let token = delivery.header(HEADER)?;
    let mut fits = false;
    for secret in secrets {
        if let WebhookSecret::Shared(secret) = secret {
            fits |= is_same(secret, token.as_bytes());
        }
    }
    if fits { Ok(()) } else { Err(SignatureFault::Mismatch) }
}

pub(super) fn id(body: &[u8]) -> Option<String> {
    serde_json::from_slice(body).ok().map(|Body { update_id }| update_id.to_string())
}
