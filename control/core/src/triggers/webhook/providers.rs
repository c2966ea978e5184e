//! What is known of each provider: how it signs, how it names a delivery, and what it asks of a URL. One file a provider.

mod custom;
mod discord;
mod github;
mod shopify;
mod slack;
mod standard;
mod stripe;
mod telegram;
#[cfg(test)]
mod tests;
mod twilio;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mayfly_api::triggers::WebhookProvider;
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use super::signature::{InvocationTerms, SignatureFault, Unverified, WebhookSecret};

/// The longest id that is kept as it is.
const ID_BYTES_MAX: usize = 255;

/// What the host answers by itself: a provider's question, which is no delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct HostAnswer {
    /// The status.
    pub status: u16,
    /// JSON.
    pub body: Option<Value>,
}

/// Whether a delivery is the provider's.
pub(super) fn verify(
    provider: WebhookProvider,
    delivery: &Unverified<'_>,
    secrets: &[WebhookSecret],
    terms: &InvocationTerms<'_>,
) -> Result<(), SignatureFault> {
    match provider {
        WebhookProvider::Stripe => stripe::verify(delivery, secrets, terms),
        WebhookProvider::Github => github::verify(delivery, secrets),
        WebhookProvider::Slack => slack::verify(delivery, secrets, terms),
        WebhookProvider::Twilio => twilio::verify(delivery, secrets),
        WebhookProvider::Discord => discord::verify(delivery, secrets, terms),
        WebhookProvider::Telegram => telegram::verify(delivery, secrets),
        WebhookProvider::Shopify => shopify::verify(delivery, secrets),
        WebhookProvider::Standard => standard::verify(delivery, secrets, terms),
        WebhookProvider::Custom => custom::verify(delivery, secrets, terms),
    }
}

/// The provider's id of a delivery: the same when it is delivered again.
pub(super) fn id(
    provider: WebhookProvider,
    delivery: &Unverified<'_>,
    header: Option<&str>,
) -> Option<String> {
    let by_header = |name: &str| delivery.optional(name).map(str::to_owned);
    let named = header.and_then(by_header).or_else(|| match provider {
        WebhookProvider::Stripe | WebhookProvider::Discord => id_in_body(delivery.body),
        WebhookProvider::Github => by_header(github::ID_HEADER),
        WebhookProvider::Slack => slack::id(delivery),
        WebhookProvider::Twilio => by_header(twilio::ID_HEADER),
        WebhookProvider::Telegram => telegram::id(delivery.body),
        WebhookProvider::Shopify => by_header(shopify::ID_HEADER),
        WebhookProvider::Standard => standard::id(delivery),
        WebhookProvider::Custom => None,
    });
    named.filter(|id| !id.is_empty()).map(bounded)
}

/// Whether a delivery may come again with another body: Stripe counts in an event how many deliveries are pending.
pub(super) fn may_change(provider: WebhookProvider) -> bool {
    provider == WebhookProvider::Stripe
}

/// What the host answers instead of the function.
pub(super) fn answer(provider: WebhookProvider, body: &[u8]) -> Option<HostAnswer> {
    match provider {
        WebhookProvider::Slack => slack::answer(body),
        WebhookProvider::Discord => discord::answer(body),
        _ => None,
    }
}

/// A secret as the provider's owner copies it from there.
///
/// # Errors
/// What it has to be.
pub(super) fn parse_secret(provider: WebhookProvider, text: &str) -> Result<WebhookSecret, &'static str> {
    match provider {
        WebhookProvider::Discord => {
            let mut key = [0; 32];
            hex::decode_to_slice(text, &mut key)
                .map_err(|_| "must be the application's public key, 64 hexadecimal digits")?;
            Ok(WebhookSecret::Ed25519(key))
        }
        WebhookProvider::Standard => {
            const WRONG: &str = "must be whsec_ and base64, or whpk_ and the base64 of an Ed25519 public key";
            if let Some(key) = text.strip_prefix("whpk_") {
                let key = STANDARD.decode(key).ok().and_then(|key| key.try_into().ok());
                return key.map(WebhookSecret::Ed25519).ok_or(WRONG);
            }
            let secret = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).map_err(|_| WRONG)?;
            if secret.is_empty() { Err(WRONG) } else { Ok(WebhookSecret::Shared(Zeroizing::new(secret))) }
        }
        WebhookProvider::Telegram
            if text.len() > 256 || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) =>
        {
            Err("must have 1 to 256 letters, digits, _ and -")
        }
        _ => Ok(WebhookSecret::Shared(Zeroizing::new(text.as_bytes().to_vec()))),
    }
}

fn id_in_body(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        id: String,
    }
    serde_json::from_slice(body).ok().map(|Body { id }| id)
}

/// An id that is too long, or that cannot be shown, is named by its digest.
fn bounded(id: String) -> String {
    if id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return id;
    }
    format!("sha256:{}", hex::encode(ring::digest::digest(&ring::digest::SHA256, id.as_bytes())))
}
