//! Signing: keys, and the strings that are signed; and URLs that carry their signature.

use chrono::{DateTime, Utc};
use ring::{digest, hmac};

use super::encoding::{EMPTY_PATH, encode_path, encode_query};
use super::request::Scope;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The region of keys that are made here; requests may name any.
const REGION: &str = "us-east-1";

/// The key that signs within a scope.
pub(super) fn signing_key(secret: &str, scope: &Scope) -> hmac::Key {
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in [scope.date.as_str(), &scope.region, "s3", "aws4_request"] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    key
}

pub(super) fn string_to_sign(date: &str, scope: &Scope, canonical: &str) -> String {
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

/// A URL to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Presign<'a> {
    /// `GET`, `PUT`, ...
    pub method: &'a str,
    /// Scheme and host, without a slash at its end.
    pub origin: &'a str,
    /// What is before the bucket, not encoded.
    pub prefix: &'a str,
    /// The bucket.
    pub bucket: &'a str,
    /// The key.
    pub key: &'a str,
    /// The access key id.
    pub key_id: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// From when on.
    pub at: DateTime<Utc>,
    /// For how many seconds: 604,800 at most.
    pub expires_seconds: u32,
    /// Headers that the request has to have beside `host`, by name.
    pub headers: &'a [(&'a str, &'a str)],
}

/// Sign a URL.
pub fn presign(wanted: &Presign<'_>) -> String {
    let date = wanted.at.format("%Y%m%dT%H%M%SZ").to_string();
    let scope = Scope { date: date[..8].to_owned(), region: REGION.to_owned() };
    let host = wanted.origin.split_once("://").map_or(wanted.origin, |(_, host)| host);
    let mut headers: Vec<(&str, &str)> = vec![("host", host)];
    headers.extend(wanted.headers);
    headers.sort_unstable();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let query = encode_query(
        [
            ("X-Amz-Algorithm", ALGORITHM),
            ("X-Amz-Credential", &format!("{}/{scope}", wanted.key_id)),
            ("X-Amz-Date", &date),
            ("X-Amz-Expires", &wanted.expires_seconds.to_string()),
            ("X-Amz-SignedHeaders", &names),
        ]
        .into_iter()
        .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
        .collect(),
    );
    let path = format!("{}/{}/{}", wanted.prefix, wanted.bucket, wanted.key);
    let path = if path.is_empty() { EMPTY_PATH.to_owned() } else { encode_path(path.as_bytes()) };
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD", wanted.method);
    let text = string_to_sign(&date, &scope, &canonical);
    let signature = hex::encode(hmac::sign(&signing_key(wanted.secret, &scope), text.as_bytes()));
    format!("{}{path}?{query}&X-Amz-Signature={signature}", wanted.origin)
}
