//! The text form of an encrypted value: `v1.<key id>.<nonce>.<ciphertext>`, the last two in URL-safe base64.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::NONCE_LEN;

use crate::SecretsError;

pub(super) struct Encrypted {
    pub(super) key_id: String,
    pub(super) nonce: [u8; NONCE_LEN],
    pub(super) ciphertext: Vec<u8>,
}

impl fmt::Display for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nonce = URL_SAFE_NO_PAD.encode(self.nonce);
        let ciphertext = URL_SAFE_NO_PAD.encode(&self.ciphertext);
        write!(f, "v1.{}.{nonce}.{ciphertext}", self.key_id)
    }
}

impl FromStr for Encrypted {
    type Err = SecretsError;

    fn from_str(text: &str) -> Result<Self, SecretsError> {
        let mut parts = text.split('.');
        let (Some("v1"), Some(key_id), Some(nonce), Some(ciphertext), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(SecretsError::Unreadable);
        };
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| SecretsError::Unreadable);
        let nonce = decode(nonce)?.try_into().map_err(|_| SecretsError::Unreadable)?;
        Ok(Self { key_id: key_id.to_owned(), nonce, ciphertext: decode(ciphertext)? })
    }
}
