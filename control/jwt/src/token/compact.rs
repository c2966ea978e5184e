//! `Compact`: a token split into header, payload and signature. Nothing in it is verified yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::{Algorithm, TokenFault, strict_json};

/// The longest token that is parsed.
pub const TOKEN_BYTES_MAX: usize = 8 << 10;

/// A token in its compact form, its header read.
#[derive(Debug)]
pub struct Compact<'a> {
    algorithm: Algorithm,
    key_id: Option<String>,
    payload: Vec<u8>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Compact<'a> {
    /// Take a token apart.
    ///
    /// # Errors
    /// Which check failed.
    pub fn parse(token: &'a str) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenFault::NotCompact);
        };
        let fields = strict_json::object(&decode(header)?)?;
        let algorithm = algorithm(&fields)?;
        refuse_extensions(&fields)?;
        let key_id = key_id(&fields)?;
        let signed = token.as_bytes().get(..header.len() + 1 + payload.len()).unwrap_or_default();
        Ok(Self { algorithm, key_id, payload: decode(payload)?, signed, signature: decode(signature)? })
    }

    /// What its header says it is signed by.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Which key its header names.
    pub fn key_id(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// What it says.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    pub(super) fn signed(&self) -> &[u8] {
        self.signed
    }

    pub(super) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

/// No padding, no foreign letters, and no bits at the end that stand for nothing: one value has one spelling.
pub(super) fn decode(part: &str) -> Result<Vec<u8>, TokenFault> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenFault::Base64)
}

fn algorithm(fields: &Map<String, Value>) -> Result<Algorithm, TokenFault> {
    let name = fields.get("alg").and_then(Value::as_str).ok_or(TokenFault::AlgorithmMissing)?;
    if name.trim().eq_ignore_ascii_case("none") {
        return Err(TokenFault::AlgorithmNone);
    }
    Algorithm::parse(name).ok_or(TokenFault::AlgorithmNotAllowed)
}

fn refuse_extensions(fields: &Map<String, Value>) -> Result<(), TokenFault> {
    if ["crit", "b64"].iter().any(|name| fields.contains_key(*name)) {
        return Err(TokenFault::CriticalHeader);
    }
    if ["jwk", "jku", "x5u", "x5c"].iter().any(|name| fields.contains_key(*name)) {
        return Err(TokenFault::EmbeddedKey);
    }
    // Tokens of another kind by the same issuer (RFC 8725, 3.11) are no proof of who someone is.
    match fields.get("typ") {
        None => Ok(()),
        Some(Value::String(kind))
            if ["jwt", "at+jwt", "application/jwt", "application/at+jwt"]
                .iter()
                .any(|known| kind.eq_ignore_ascii_case(known)) =>
        {
            Ok(())
        }
        Some(_) => Err(TokenFault::TokenType),
    }
}

fn key_id(fields: &Map<String, Value>) -> Result<Option<String>, TokenFault> {
    match fields.get("kid") {
        None => Ok(None),
        Some(Value::String(id)) => Ok(Some(id.clone())),
        Some(_) => Err(TokenFault::KeyUnknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(header: &str, payload: &str, signature: &str) -> Option<TokenFault> {
        let token = format!("{}.{payload}.{signature}", URL_SAFE_NO_PAD.encode(header));
        Compact::parse(&token).err()
    }

    #[test]
    fn the_header_is_read_strictly() {
        let of = |header: &str| fault(header, "e30", "AA");
        assert_eq!(of(r#"{"alg":"ES256","kid":"k","typ":"JWT"}"#), None);
        assert_eq!(of(r#"{"alg":"ES256","typ":"at+JWT"}"#), None);
        for (header, expected) in [
            (r#"{"alg":"none"}"#, TokenFault::AlgorithmNone),
            (r#"{"alg":"NONE"}"#, TokenFault::AlgorithmNone),
            (r#"{"alg":"nOnE "}"#, TokenFault::AlgorithmNone),
            (r#"{"alg":"es256"}"#, TokenFault::AlgorithmNotAllowed),
            (r#"{"alg":1}"#, TokenFault::AlgorithmMissing),
            (r#"{}"#, TokenFault::AlgorithmMissing),
            (r#"{"alg":"ES256","alg":"HS256"}"#, TokenFault::DuplicateMember),
            (r#"{"alg":"ES256","crit":["exp"]}"#, TokenFault::CriticalHeader),
            (r#"{"alg":"ES256","b64":false}"#, TokenFault::CriticalHeader),
            (r#"{"alg":"ES256","jwk":{}}"#, TokenFault::EmbeddedKey),
            (r#"{"alg":"ES256","jku":"https://x"}"#, TokenFault::EmbeddedKey),
            (r#"{"alg":"ES256","typ":"logout+jwt"}"#, TokenFault::TokenType),
            (r#"{"alg":"ES256","kid":7}"#, TokenFault::KeyUnknown),
            ("[]", TokenFault::Json),
        ] {
            assert_eq!(of(header), Some(expected), "{header}");
        }
    }

    #[test]
    fn one_value_has_one_spelling() {
        let header = r#"{"alg":"ES256"}"#;
        assert_eq!(fault(header, "e30=", "AA"), Some(TokenFault::Base64));
        assert_eq!(fault(header, "e30", "AB"), Some(TokenFault::Base64), "bits that nothing reads");
        assert_eq!(fault(header, "e3 0", "AA"), Some(TokenFault::Base64));
        assert_eq!(fault(header, "e30", "+A"), Some(TokenFault::Base64));
        assert_eq!(fault(header, "e30", "A.A"), Some(TokenFault::NotCompact));
        assert_eq!(Compact::parse("").err(), Some(TokenFault::NotCompact));
        let long = "a".repeat(TOKEN_BYTES_MAX + 1);
        assert_eq!(Compact::parse(&long).err(), Some(TokenFault::TooLong));
        assert_eq!(Compact::parse(&long[1..]).err(), Some(TokenFault::NotCompact));
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "[A-Za-z0-9_.={} -]{0,200}") {
            let _ = Compact::parse(&text);
        }
    }
}
