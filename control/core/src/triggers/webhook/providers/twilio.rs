//! Twilio: `X-Twilio-Signature`, a HMAC-SHA1 in base64 of the URL and the form's sorted fields. Of a body that is no form, its
//! SHA-256 is in the URL.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
use url::Url;

use super::super::signature::{SignatureFault, Unverified, WebhookSecret, check_mac, is_same};

const HEADER: &str = "x-twilio-signature";
const DIGEST_PARAMETER: &str = "bodySHA256";
/// A longer form is checked for the URL as it is alone: each spelling is a pass over all of it.
const RESPELLED_BYTES_MAX: usize = 64 << 10;

pub(super) const ID_HEADER: &str = "i-twilio-idempotency-token";

pub(super) fn verify(delivery: &Unverified<'_>, secrets: &[WebhookSecret]) -> Result<(), SignatureFault> {
    let signature = STANDARD
        .decode(delivery.header(HEADER)?)
        .map_err(|_| SignatureFault::Malformed(HEADER.to_owned()))?;
    let fields = match body_digest(delivery.url) {
        Some(expected) if !is_same(digest(&SHA256, delivery.body).as_ref(), &expected) => {
            return Err(SignatureFault::Mismatch);
        }
        Some(_) => String::new(),
        None => sorted_fields(delivery.body),
    };
    let signatures = [signature];
    // Twilio signs the URL that it was told, which a proxy may have changed on the way. Trying its other spellings costs
    // nothing: each is signed with the token, too.
    let mut urls = vec![delivery.url.to_owned()];
    if fields.len() <= RESPELLED_BYTES_MAX {
        urls.extend(spellings(delivery.url));
        urls.sort_unstable();
        urls.dedup();
    }
    let fits = urls.iter().any(|url| {
        let parts = [url.as_bytes(), fields.as_bytes()];
        check_mac(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secrets, &parts, &signatures).is_ok()
    });
    if fits { Ok(()) } else { Err(SignatureFault::Mismatch) }
}

fn body_digest(url: &str) -> Option<Vec<u8>> {
    let (_, query) = url.split_once('?')?;
    let mut parameters = url::form_urlencoded::parse(query.as_bytes());
    let (_, text) = parameters.find(|(name, _)| name == DIGEST_PARAMETER)?;
    // What is no digest fits no body.
    Some(hex::decode(text.as_bytes()).unwrap_or_default())
}

/// Names and values without anything between them, sorted; of a value that is there twice, once.
fn sorted_fields(body: &[u8]) -> String {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        fields.entry(name.into_owned()).or_default().push(value.into_owned());
    }
    let mut text = String::with_capacity(body.len());
    for (name, mut values) in fields {
        values.sort_unstable();
        values.dedup();
        for value in values {
            text.push_str(&name);
            text.push_str(&value);
        }
    }
    text
}

/// The URL with `https` and `http`, with and without the scheme's port.
fn spellings(url: &str) -> Vec<String> {
    let Some((_, rest)) = url.split_once("://") else { return Vec::new() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let port = Url::parse(url).ok().and_then(|url| url.port_or_known_default());
    let has_port = port.is_some_and(|port| authority.ends_with(&format!(":{port}")));
    let host =
        if has_port { authority.rsplit_once(':').map_or(authority, |(host, _)| host) } else { authority };
    let spelled = [("https", 443), ("http", 80)].map(|(scheme, port)| {
        [
            format!("{scheme}://{authority}{path}"),
            format!("{scheme}://{host}{path}"),
            format!("{scheme}://{host}:{port}{path}"),
        ]
    });
    spelled.into_iter().flatten().collect()
}
