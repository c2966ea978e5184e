//! SHA-256 in hexadecimal: checksums of scripts, names of what a text was made from.

use ring::digest::{SHA256, digest};

/// The SHA-256 of these bytes, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA256, bytes))
}
