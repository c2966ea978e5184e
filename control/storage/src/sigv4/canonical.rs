//! The canonical form of a request: what a signature is computed over.

use http::HeaderName;
use http::request::Parts;
use percent_encoding::percent_decode;
use s3s::{S3Error, S3ErrorCode};

use super::encoding::{decode_query, encode_path, encode_query};
use super::refuse;
use super::request::{Claimed, Form};

const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// A request in its canonical form.
pub(super) struct Canonical {
    pub(super) text: String,
    /// What it says of its body.
    pub(super) payload: String,
}

impl Canonical {
    pub(super) fn of(head: &Parts, claimed: &Claimed) -> Result<Self, S3Error> {
        let path: Vec<u8> = percent_decode(head.uri.path().as_bytes()).collect();
        let mut query = decode_query(head.uri.query().unwrap_or_default());
        let is_presigned = matches!(claimed.form, Form::Query { .. });
        if is_presigned {
            query.retain(|(name, _)| name != b"X-Amz-Signature");
        }
        let payload = payload(head, &query, is_presigned)?;
        let headers = headers(head, &claimed.signed_headers)?;
        let text = format!(
            "{}\n{}\n{}\n{headers}\n{}\n{payload}",
            head.method,
            encode_path(&path),
            encode_query(query),
            claimed.signed_headers.join(";"),
        );
        Ok(Self { text, payload })
    }
}

/// What the request says of its body.
fn payload(head: &Parts, query: &[(Vec<u8>, Vec<u8>)], is_presigned: bool) -> Result<String, S3Error> {
    if let Some(value) = head.headers.get(CONTENT_SHA256) {
        return value
            .to_str()
            .map(str::to_owned)
            .map_err(|_| refuse(S3ErrorCode::InvalidRequest, "x-amz-content-sha256 is no text"));
    }
    if !is_presigned {
        let message = "Missing required header for this request: x-amz-content-sha256";
        return Err(refuse(S3ErrorCode::InvalidRequest, message));
    }
    let named = query.iter().find(|(name, _)| name.eq_ignore_ascii_case(b"x-amz-content-sha256"));
    let named = named.and_then(|(_, value)| String::from_utf8(value.clone()).ok());
    Ok(named.unwrap_or_else(|| "UNSIGNED-PAYLOAD".to_owned()))
}

/// The lines of the headers that were signed; all that say something to S3 must be among them.
fn headers(head: &Parts, signed: &[String]) -> Result<String, S3Error> {
    let is_signed = |name: &str| signed.iter().any(|signed| signed == name);
    let unsigned = head.headers.keys().find(|name| {
        let name = name.as_str();
        name.starts_with("x-amz-") && !is_signed(name)
    });
    if unsigned.is_some() || !is_signed("host") {
        let message = "There were headers present in the request which were not signed, or the host was not";
        return Err(refuse(S3ErrorCode::SignatureDoesNotMatch, message));
    }
    let mut lines = String::new();
    for name in signed {
        let mut values = Vec::new();
        for value in head.headers.get_all(name.as_str()) {
            // Bytes above ASCII stay what they are: clients sign them so.
            let text = String::from_utf8_lossy(value.as_bytes());
            values.push(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        }
        lines.push_str(name);
        lines.push(':');
        lines.push_str(&values.join(","));
        lines.push('\n');
    }
    Ok(lines)
}
