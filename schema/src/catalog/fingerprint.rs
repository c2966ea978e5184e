//! Fingerprints: what identifies a schema's state.

use super::Catalog;
use super::write::write;

/// What identifies a schema's state: equal for equal schemas.
pub fn fingerprint(catalog: &Catalog) -> String {
    sha256(&write(catalog, true).to_string())
}

/// In lower-case hexadecimal.
pub fn sha256(text: &str) -> String {
    hex::encode(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()))
}
