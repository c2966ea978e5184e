//! Signature Version 4: who signed a request, and whether it is what was signed.
//!
//! The path that was signed has the app's prefix in it, which the protocol's implementation does not know: so signatures
//! are verified here, in front of it.

mod canonical;
mod chunked;
mod encoding;
mod request;
mod sign;

use chrono::{DateTime, Utc};
use http::request::Parts;
use ring::hmac;
use s3s::{S3Error, S3ErrorCode};

use canonical::Canonical;
use request::{Claimed, Form};

pub use chunked::Trailers;
pub(crate) use chunked::{Chunking, body as signed_body};
pub(crate) use encoding::{decode_query, encode_query};
pub use sign::{Presign, presign};

/// How far a client's clock may be off.
const SKEW_SECONDS: i64 = 15 * 60;

/// A request that says who signed it; nothing is verified yet.
#[derive(Debug)]
pub(crate) struct Unverified {
    claimed: Claimed,
}

/// What a verified request says of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Nothing.
    Unsigned,
    /// Its SHA-256.
    Sha256([u8; 32]),
    /// It comes in chunks.
    Chunked(Box<Chunking>),
}

impl Unverified {
    /// Read what a request says of its signature. `None`: it has none.
    pub(crate) fn read(head: &Parts) -> Result<Option<Self>, S3Error> {
        Ok(Claimed::read(head)?.map(|claimed| Self { claimed }))
    }

    /// The access key id that it names.
    pub(crate) fn key_id(&self) -> &str {
        &self.claimed.key_id
    }

    /// Verify it with the key's secret.
    pub(crate) fn verify(&self, head: &Parts, secret: &str, now: DateTime<Utc>) -> Result<Payload, S3Error> {
        let claimed = &self.claimed;
        let age = now.timestamp() - claimed.at.timestamp();
        match claimed.form {
            Form::Header if age.abs() > SKEW_SECONDS => {
                return Err(refuse(
                    S3ErrorCode::RequestTimeTooSkewed,
                    "the request's time is too far from the server's",
                ));
            }
            Form::Query { .. } if age < -SKEW_SECONDS => {
                return Err(refuse(S3ErrorCode::AccessDenied, "Request is not valid yet"));
            }
            Form::Query { expires } if age > expires => {
                return Err(refuse(S3ErrorCode::AccessDenied, "Request has expired"));
            }
            _ => {}
        }
        let canonical = Canonical::of(head, claimed)?;
        let key = sign::signing_key(secret, &claimed.scope);
        let text = sign::string_to_sign(&claimed.date_text, &claimed.scope, &canonical.text);
        let signature = hex::decode(&claimed.signature).unwrap_or_default();
        if hmac::verify(&key, text.as_bytes(), &signature).is_err() {
            return Err(refuse(S3ErrorCode::SignatureDoesNotMatch, MISMATCH));
        }
        self.payload(&canonical.payload, key)
    }

    fn payload(&self, payload: &str, key: hmac::Key) -> Result<Payload, S3Error> {
        let chunked = |is_signed: bool, has_trailer: bool| {
            let signing = is_signed.then(|| chunked::ChunkSigning {
                key: key.clone(),
                date: self.claimed.date_text.clone(),
                scope: self.claimed.scope.to_string(),
                previous: self.claimed.signature.clone(),
            });
            Ok(Payload::Chunked(Box::new(Chunking { signing, has_trailer })))
        };
        match payload {
            "UNSIGNED-PAYLOAD" => Ok(Payload::Unsigned),
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => chunked(false, true),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => chunked(true, false),
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => chunked(true, true),
            digest => {
                let mut bytes = [0; 32];
                match hex::decode_to_slice(digest, &mut bytes) {
                    Ok(()) => Ok(Payload::Sha256(bytes)),
                    Err(_) => Err(refuse(
                        S3ErrorCode::InvalidRequest,
                        "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a known STREAMING- word, or a SHA-256",
                    )),
                }
            }
        }
    }
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";

/// A typed refusal.
pub(crate) fn refuse(code: S3ErrorCode, message: impl Into<std::borrow::Cow<'static, str>>) -> S3Error {
    S3Error::with_message(code, message)
}

#[cfg(test)]
mod tests;
