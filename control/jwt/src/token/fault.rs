//! `TokenFault`: the closed list of what can be wrong with the credentials of a request.

/// Which check failed. Each has a word of its own in `error.details.reason`, and a line in `docs/API.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenFault {
    /// More than one `Authorization` header.
    AuthorizationRepeated,
    /// An `Authorization` header that is not of the form `Bearer <token>`.
    AuthorizationMalformed,
    /// A key or a token in the URL.
    InQueryString,
    /// A token where only a key will do.
    NotAKey,
    /// More than 8 KiB.
    TooLong,
    /// Not three parts, or not of the letters of base64url.
    NotCompact,
    /// A part that is not strict base64url: padding, foreign letters, or bits that nothing reads.
    Base64,
    /// A header or payload that is no JSON object, or nests too deep.
    Json,
    /// A member that is there twice.
    DuplicateMember,
    /// `alg` is missing or no text.
    AlgorithmMissing,
    /// `alg` is `none`, however it is written.
    AlgorithmNone,
    /// An `alg` that the issuer, or the key, is not used with.
    AlgorithmNotAllowed,
    /// `crit` or `b64`: extensions that are not supported.
    CriticalHeader,
    /// `jwk`, `jku`, `x5u` or `x5c`: a key that the token brings itself.
    EmbeddedKey,
    /// `typ` is that of another kind of token.
    TokenType,
    /// No key of that `kid`.
    KeyUnknown,
    /// No `kid`, and more than one key that it could be.
    KeyAmbiguous,
    /// The signature is not that of the key.
    Signature,
    /// `iss` is missing.
    IssuerMissing,
    /// `iss` is not an issuer that the app accepts.
    IssuerUnknown,
    /// `aud` is not for this app.
    Audience,
    /// `sub` is missing, empty, too long, or no text.
    Subject,
    /// `exp` is missing.
    ExpiryMissing,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come yet.
    NotYetValid,
    /// `iat` lies in the future.
    IssuedInFuture,
    /// A time that is no number.
    Time,
}

impl TokenFault {
    /// All of them.
    pub const ALL: [Self; 27] = [
        Self::AuthorizationRepeated,
        Self::AuthorizationMalformed,
        Self::InQueryString,
        Self::NotAKey,
        Self::TooLong,
        Self::NotCompact,
        Self::Base64,
        Self::Json,
        Self::DuplicateMember,
        Self::AlgorithmMissing,
        Self::AlgorithmNone,
        Self::AlgorithmNotAllowed,
        Self::CriticalHeader,
        Self::EmbeddedKey,
        Self::TokenType,
        Self::KeyUnknown,
        Self::KeyAmbiguous,
        Self::Signature,
        Self::IssuerMissing,
        Self::IssuerUnknown,
        Self::Audience,
        Self::Subject,
        Self::ExpiryMissing,
        Self::Expired,
        Self::NotYetValid,
        Self::IssuedInFuture,
        Self::Time,
    ];

    /// The reason code, and the sentence for people.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::AuthorizationRepeated => {
                ("authorization_repeated", "there is more than one Authorization header")
            }
            Self::AuthorizationMalformed => (
                "authorization_malformed",
                "the Authorization header is not of the form `Bearer <token>`, with one word of ASCII",
            ),
            Self::InQueryString => (
                "in_query_string",
                "there is a key or a token in the URL; send it in the Authorization header, and replace it: URLs are logged",
            ),
            Self::NotAKey => {
                ("not_a_key", "the bearer is not a key, and end users' tokens open functions only")
            }
            Self::TooLong => ("too_long", "the token has more than 8192 bytes"),
            Self::NotCompact => ("not_compact", "the bearer is neither a key nor a token of three parts"),
            Self::Base64 => ("base64", "a part of the token is not base64url without padding"),
            Self::Json => ("json", "the token's header or payload is not a JSON object"),
            Self::DuplicateMember => {
                ("duplicate_member", "a member of the token's header or payload is there twice")
            }
            Self::AlgorithmMissing => ("algorithm_missing", "the token names no algorithm"),
            Self::AlgorithmNone => ("algorithm_none", "the token is not signed: its algorithm is none"),
            Self::AlgorithmNotAllowed => (
                "algorithm_not_allowed",
                "the token's algorithm is not one that its issuer and key are used with",
            ),
            Self::CriticalHeader => ("critical_header", "the token asks for extensions (crit, b64)"),
            Self::EmbeddedKey => ("embedded_key", "the token brings its own key (jwk, jku, x5u, x5c)"),
            Self::TokenType => ("token_type", "the token's typ is not JWT or at+jwt"),
            Self::KeyUnknown => ("key_unknown", "the issuer has no key of the token's kid"),
            Self::KeyAmbiguous => {
                ("key_ambiguous", "the token names no kid, and the issuer has several keys")
            }
            Self::Signature => ("signature", "the token's signature does not verify"),
            Self::IssuerMissing => ("issuer_missing", "the token names no issuer (iss)"),
            Self::IssuerUnknown => {
                ("issuer_unknown", "the token's issuer (iss) is not one that this app accepts")
            }
            Self::Audience => ("audience", "the token is for another audience (aud)"),
            Self::Subject => (
                "subject",
                "the token's subject (sub) is not a text of 1 to 255 bytes without control characters",
            ),
            Self::ExpiryMissing => ("expiry_missing", "the token never expires (no exp)"),
            Self::Expired => ("expired", "the token has expired (exp)"),
            Self::NotYetValid => ("not_yet_valid", "the token is not valid yet (nbf)"),
            Self::IssuedInFuture => ("issued_in_future", "the token was issued in the future (iat)"),
            Self::Time => ("time", "a time of the token (exp, nbf, iat) is not a number of seconds"),
        }
    }

    /// As `error.details.reason` has it.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    /// One sentence. Nothing of the token is in it.
    pub fn message(self) -> &'static str {
        self.words().1
    }
}

impl std::fmt::Display for TokenFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for TokenFault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: std::collections::HashSet<_> =
            TokenFault::ALL.iter().map(|fault| fault.as_str()).collect();
        assert_eq!(words.len(), TokenFault::ALL.len());
        for (place, fault) in TokenFault::ALL.iter().enumerate() {
            assert_eq!(*fault as usize, place, "{fault:?} is out of order");
        }
        assert_eq!(TokenFault::ALL.last(), Some(&TokenFault::Time), "the last variant closes the list");
    }
}
