//! What providers' signatures are checked with: headers, timestamps, MACs and keys, over the bytes as they arrived.

use mayfly_api::error::{ApiError, Code};
use ring::hmac::{self, Key};
use zeroize::Zeroizing;

/// Signatures of one delivery that are looked at: a rotation has two.
const SIGNATURES_MAX: usize = 16;
/// Digits of a timestamp in seconds.
const TIMESTAMP_DIGITS_MAX: usize = 12;

/// A delivery whose signature is not checked yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unverified<'a> {
    /// Names in lower case.
    pub(super) headers: &'a [(String, String)],
    /// The URL that the sender used.
    pub(super) url: &'a str,
    /// Exactly as it arrived.
    pub(super) body: &'a [u8],
}

/// What a trigger says of its provider's signatures.
#[derive(Debug, Clone, Copy)]
pub(super) struct InvocationTerms<'a> {
    /// Seconds since 1970.
    pub(super) now: i64,
    /// How far a timestamp may be from that, either way.
    pub(super) tolerance_seconds: u32,
    /// The signature's header, of a custom provider.
    pub(super) signature_header: Option<&'a str>,
}

/// What a signature is checked with.
pub(super) enum WebhookSecret {
    /// Both sides have it.
    Shared(Zeroizing<Vec<u8>>),
    /// The public half of a key.
    Ed25519([u8; 32]),
}

/// Why a delivery is not the provider's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SignatureFault {
    /// A header is not there.
    #[error("the header {0} is missing")]
    Missing(String),
    /// A header is there twice: which one is meant cannot be known.
    #[error("the header {0} is there more than once")]
    Repeated(String),
    /// A header cannot be read.
    #[error("the header {0} is malformed")]
    Malformed(String),
    /// It was signed too long ago, or in the future.
    #[error("the signature's time is {0} seconds from the server's, more than the trigger tolerates")]
    Time(u64),
    /// No signature fits.
    #[error("no signature fits the body and the trigger's secrets")]
    Mismatch,
}

impl SignatureFault {
    fn reason(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing_header",
            Self::Repeated(_) => "repeated_header",
            Self::Malformed(_) => "malformed_header",
            Self::Time(_) => "timestamp_outside_tolerance",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

impl From<SignatureFault> for ApiError {
    fn from(fault: SignatureFault) -> Self {
        let details = serde_json::json!({ "reason": fault.reason() });
        Self::new(Code::AuthInvalidSignature, fault.to_string()).with_details(details)
    }
}

impl<'a> Unverified<'a> {
    /// The one header of this name.
    pub(super) fn header(&self, name: &str) -> Result<&'a str, SignatureFault> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(value),
            (None, _) => Err(SignatureFault::Missing(name.to_owned())),
            (Some(_), Some(_)) => Err(SignatureFault::Repeated(name.to_owned())),
        }
    }

    /// A header that may be left out. One that is there twice counts as left out.
    pub(super) fn optional(&self, name: &str) -> Option<&'a str> {
        self.header(name).ok().filter(|value| !value.is_empty())
    }
}

impl InvocationTerms<'_> {
    /// Refuse a timestamp that is too old, or in the future.
    pub(super) fn check_time(&self, text: &str, header: &str) -> Result<(), SignatureFault> {
        let malformed = || SignatureFault::Malformed(header.to_owned());
        if text.is_empty() || text.len() > TIMESTAMP_DIGITS_MAX || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(malformed());
        }
        let at: i64 = text.parse().map_err(|_| malformed())?;
        let apart = self.now.abs_diff(at);
        if apart > u64::from(self.tolerance_seconds) { Err(SignatureFault::Time(apart)) } else { Ok(()) }
    }
}

/// A HMAC of these parts, one after the other.
fn mac(algorithm: hmac::Algorithm, secret: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&Key::new(algorithm, secret));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

/// Whether one of the signatures is the HMAC of these parts by one of the secrets. The parts are read once for each
/// secret, however many signatures there are.
pub(super) fn check_mac(
    algorithm: hmac::Algorithm,
    secrets: &[WebhookSecret],
    parts: &[&[u8]],
    signatures: &[Vec<u8>],
) -> Result<(), SignatureFault> {
    let shared = secrets.iter().filter_map(|secret| match secret {
        WebhookSecret::Shared(secret) => Some(secret),
        WebhookSecret::Ed25519(_) => None,
    });
    let mut fits = false;
    for secret in shared {
        let expected = mac(algorithm, secret, parts);
        for signature in signatures.iter().take(SIGNATURES_MAX) {
            fits |= is_same(expected.as_ref(), signature);
        }
    }
    if fits { Ok(()) } else { Err(SignatureFault::Mismatch) }
}

/// Whether one of the signatures is good for these bytes by one of the public keys.
pub(super) fn check_ed25519(
    secrets: &[WebhookSecret],
    message: &[u8],
    signatures: &[Vec<u8>],
) -> Result<(), SignatureFault> {
    let keys = secrets.iter().filter_map(|secret| match secret {
        WebhookSecret::Ed25519(key) => {
            Some(ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, key))
        }
        WebhookSecret::Shared(_) => None,
    });
    for key in keys {
        if signatures.iter().take(SIGNATURES_MAX).any(|signature| key.verify(message, signature).is_ok()) {
            return Ok(());
        }
    }
    Err(SignatureFault::Mismatch)
}

/// Compares in a time that says nothing of where the two differ.
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    let key = Key::new(hmac::HMAC_SHA256, b"comparison");
    hmac::verify(&key, b, hmac::sign(&key, a).as_ref()).is_ok()
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shared(_) => "Shared(..)",
            Self::Ed25519(_) => "Ed25519(..)",
        })
    }
}
