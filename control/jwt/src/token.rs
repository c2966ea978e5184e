//! JSON Web Tokens, parsed strictly: compact form, a closed list of algorithms, keys that serve one purpose. Nothing in
//! here waits, and nothing in here trusts a token before its signature was checked.

mod algorithm;
mod claims;
mod compact;
mod fault;
mod jwk;
mod key_set;
mod roca;
mod sign;
mod strict_json;

pub use algorithm::Algorithm;
pub use claims::{Expected, TokenClaims};
pub use compact::{Compact, TOKEN_BYTES_MAX};
pub use fault::TokenFault;
pub use jwk::{JwkError, VerifyKey};
pub use key_set::{KEYS_MAX, KeySet, KeySetError};
pub use sign::{SignError, SigningKey, sign};

/// Whether a bearer has the three parts of a token: nothing is known yet about whether it is one.
pub fn is_token_shaped(text: &str) -> bool {
    let mut parts = 0;
    for part in text.split('.') {
        parts += 1;
        let letters = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !letters || (part.is_empty() && parts < 3) {
            return false;
        }
    }
    parts == 3
}

/// Check a token's signature with one of these keys, by one of the algorithms that its issuer uses.
///
/// # Errors
/// Which check failed.
pub fn verify(token: &Compact<'_>, keys: &KeySet, allowed: &[Algorithm]) -> Result<(), TokenFault> {
    let algorithm = token.algorithm();
    if !allowed.contains(&algorithm) {
        return Err(TokenFault::AlgorithmNotAllowed);
    }
    let key = keys.find(token.key_id(), algorithm)?;
    key.verify(algorithm, token.signed(), token.signature())
}
