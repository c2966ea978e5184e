//! Signs deliveries: what a provider does before it sends one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ring::hmac::{self, Algorithm, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256};
use ring::signature::Ed25519KeyPair;

use super::sender::Sender;
use super::{SampleEvent, SignedDelivery, samples};

/// Why a delivery cannot be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SecretFormError {
    /// The secret has another form.
    #[error("the secret has to be {0}")]
    Secret(&'static str),
}

impl Sender {
    /// Sign an event for a URL.
    pub(crate) fn sign(
        self,
        event: &SampleEvent,
        secret: &str,
        url: &str,
        header: &str,
    ) -> Result<SignedDelivery, SecretFormError> {
        let (media_type, sample) = samples::sample(self, event);
        let body = event.body.clone().unwrap_or(sample);
        let mut headers = vec![("content-type", media_type.to_owned())];
        headers.extend(self.headers(event, secret, url, header, &body)?);
        let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(SignedDelivery { headers, body })
    }

    fn headers<'a>(
        self,
        event: &SampleEvent,
        secret: &str,
        url: &str,
        header: &'a str,
        body: &[u8],
    ) -> Result<Vec<(&'a str, String)>, SecretFormError> {
        let SampleEvent { kind, id, at, .. } = event;
        let hex_of = |parts: &[&[u8]]| hex::encode(mac(HMAC_SHA256, secret.as_bytes(), parts));
        let time = at.to_string();
        Ok(match self {
            Self::Stripe => {
                let signature = hex_of(&[time.as_bytes(), b".", body]);
                vec![("stripe-signature", format!("t={time},v1={signature}"))]
            }
            Self::Github => vec![
                ("x-github-event", kind.clone()),
                ("x-github-delivery", id.clone()),
                ("x-hub-signature-256", format!("sha256={}", hex_of(&[body]))),
            ],
            Self::Slack => vec![
                ("x-slack-request-timestamp", time.clone()),
                ("x-slack-signature", format!("v0={}", hex_of(&[b"v0:", time.as_bytes(), b":", body]))),
            ],
            Self::Twilio => vec![
                ("i-twilio-idempotency-token", id.clone()),
                ("x-twilio-signature", twilio(secret, url, body)),
            ],
            Self::Discord => {
                let seed = hex::decode(secret).ok();
                let pair = seed.and_then(|seed| Ed25519KeyPair::from_seed_unchecked(&seed).ok());
                let pair =
                    pair.ok_or(SecretFormError::Secret("a private key of Ed25519, 64 hexadecimal digits"))?;
                let signature = hex::encode(pair.sign(&[time.as_bytes(), body].concat()));
                vec![("x-signature-timestamp", time), ("x-signature-ed25519", signature)]
            }
            Self::Telegram => vec![("x-telegram-bot-api-secret-token", secret.to_owned())],
            Self::Shopify => vec![
                ("x-shopify-topic", kind.clone()),
                ("x-shopify-webhook-id", id.clone()),
                ("x-shopify-hmac-sha256", STANDARD.encode(mac(HMAC_SHA256, secret.as_bytes(), &[body]))),
            ],
            Self::Standard | Self::Svix => {
                let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap_or(secret));
                let key = key.map_err(|_| SecretFormError::Secret("whsec_ and base64"))?;
                let parts: [&[u8]; 5] = [id.as_bytes(), b".", time.as_bytes(), b".", body];
                let signature = format!("v1,{}", STANDARD.encode(mac(HMAC_SHA256, &key, &parts)));
                let names = match self {
                    Self::Svix => ["svix-id", "svix-timestamp", "svix-signature"],
                    _ => ["webhook-id", "webhook-timestamp", "webhook-signature"],
                };
                names.into_iter().zip([id.clone(), time, signature]).collect()
            }
            Self::Custom => vec![(header, hex_of(&[body]))],
        })
    }
}

fn mac(algorithm: Algorithm, key: &[u8], parts: &[&[u8]]) -> Bytes {
    let mut context = hmac::Context::with_key(&hmac::Key::new(algorithm, key));
    for part in parts {
        context.update(part);
    }
    Bytes::copy_from_slice(context.sign().as_ref())
}

/// Of the URL, and the form's fields in the order of their names.
fn twilio(token: &str, url: &str, body: &[u8]) -> String {
    let mut fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    fields.sort();
    fields.dedup();
    let fields: String = fields.into_iter().map(|(name, value)| name + &value).collect();
    let parts = [url.as_bytes(), fields.as_bytes()];
    STANDARD.encode(mac(HMAC_SHA1_FOR_LEGACY_USE_ONLY, token.as_bytes(), &parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_come_out_as_published() {
        let signed = |sender: Sender, secret: &str, id: &str, at: i64, body: &str, header: &str| {
            let body = Some(Bytes::copy_from_slice(body.as_bytes()));
            let event = SampleEvent { kind: "x".to_owned(), id: id.to_owned(), at, body };
            let url = "https://mycompany.com/myapp.php?foo=1&bar=2";
            let signed = sender.sign(&event, secret, url, "x-signature").unwrap();
            signed.headers.into_iter().find(|(name, _)| name == header).unwrap().1
        };
        assert_eq!(
            signed(
                Sender::Github,
                "It's a Secret to Everybody",
                "",
                0,
                "Hello, World!",
                "x-hub-signature-256"
            ),
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        );
        assert_eq!(
            signed(
                Sender::Svix,
                "whsec_plJ3nmyCDGBKInavdOK15jsl",
                "msg_loFOjxBNrRLzqYUf",
                1_731_705_121,
                r#"{"event_type":"ping","data":{"success":true}}"#,
                "svix-signature"
            ),
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0="
        );
        let form = "Digits=1234&CallSid=CA1234567890ABCDE&To=%2B18005551212&Caller=%2B14158675309&From=%2B14158675309";
        assert_eq!(
            signed(Sender::Twilio, "12345", "", 0, form, "x-twilio-signature"),
            "RSOYDt4T1cUTdK1PDd93/VVr8B8="
        );
    }
}
