//! `TokenClaims`: the payload of a token, and its checks against the clock, issuer and audience.

use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{TokenFault, strict_json};

/// How far two clocks may be apart, in seconds.
const LEEWAY: f64 = 60.0;

/// The longest `sub`, in bytes.
const SUBJECT_BYTES_MAX: usize = 255;

/// The payload of a token, read.
#[derive(Debug, Clone)]
pub struct TokenClaims {
    members: Map<String, Value>,
}

/// What a token has to say to be taken.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// One of these has to be in `aud`. Empty: `aud` does not matter.
    pub audiences: &'a [String],
    /// Whether a token without `aud` will do.
    pub audience_optional: bool,
    /// Whether the issuer's clock is another than ours, so that even `exp` has its leeway.
    pub foreign_clock: bool,
}

impl TokenClaims {
    /// Read a payload.
    ///
    /// # Errors
    /// [`TokenFault::Json`] and [`TokenFault::DuplicateMember`].
    pub fn parse(payload: &[u8]) -> Result<Self, TokenFault> {
        Ok(Self { members: strict_json::object(payload)? })
    }

    /// The issuer (`iss`), as the token claims it.
    ///
    /// # Errors
    /// [`TokenFault::IssuerMissing`].
    pub fn issuer(&self) -> Result<&str, TokenFault> {
        self.members.get("iss").and_then(Value::as_str).ok_or(TokenFault::IssuerMissing)
    }

    /// The subject (`sub`).
    ///
    /// # Errors
    /// [`TokenFault::Subject`].
    pub fn subject(&self) -> Result<&str, TokenFault> {
        self.members
            .get("sub")
            .and_then(Value::as_str)
            .filter(|sub| (1..=SUBJECT_BYTES_MAX).contains(&sub.len()) && !sub.chars().any(char::is_control))
            .ok_or(TokenFault::Subject)
    }

    /// Check times and audience at `now`, in seconds since 1970. Gives the second from which on the token is no more.
    ///
    /// # Errors
    /// Which check failed.
    pub fn check(&self, expected: Expected<'_>, now: f64) -> Result<f64, TokenFault> {
        let ends = self.time("exp")?.ok_or(TokenFault::ExpiryMissing)?;
        let ends = ends + if expected.foreign_clock { LEEWAY } else { 0.0 };
        if now >= ends {
            return Err(TokenFault::Expired);
        }
        if self.time("nbf")?.is_some_and(|begins| now + LEEWAY < begins) {
            return Err(TokenFault::NotYetValid);
        }
        if self.time("iat")?.is_some_and(|issued| now + LEEWAY < issued) {
            return Err(TokenFault::IssuedInFuture);
        }
        self.check_audience(expected)?;
        self.subject()?;
        Ok(ends)
    }

    /// All of it, as JSON text.
    pub fn to_json(&self) -> Option<Arc<RawValue>> {
        serde_json::value::to_raw_value(&self.members).ok().map(Arc::from)
    }

    fn time(&self, name: &str) -> Result<Option<f64>, TokenFault> {
        match self.members.get(name) {
            None => Ok(None),
            Some(Value::Number(seconds)) => seconds.as_f64().map(Some).ok_or(TokenFault::Time),
            Some(_) => Err(TokenFault::Time),
        }
    }

    fn check_audience(&self, expected: Expected<'_>) -> Result<(), TokenFault> {
        if expected.audiences.is_empty() {
            return Ok(());
        }
        let wanted =
            |value: &Value| value.as_str().is_some_and(|aud| expected.audiences.iter().any(|a| a == aud));
        let good = match self.members.get("aud") {
            None => expected.audience_optional,
            Some(Value::Array(list)) => list.iter().any(wanted),
            Some(one) => wanted(one),
        };
        if good { Ok(()) } else { Err(TokenFault::Audience) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: f64 = 1_000_000.0;

    fn check(mut changes: Value, audiences: &[&str], optional: bool) -> Result<f64, TokenFault> {
        let mut members = json!({"sub": "alice", "exp": NOW + 100.0});
        for (name, value) in changes.as_object_mut().unwrap() {
            members[name.as_str()] = value.take();
        }
        let audiences: Vec<String> = audiences.iter().map(|text| (*text).to_owned()).collect();
        let expected = Expected { audiences: &audiences, audience_optional: optional, foreign_clock: true };
        TokenClaims::parse(members.to_string().as_bytes()).unwrap().check(expected, NOW)
    }

    #[test]
    fn times_have_a_minute_of_leeway() {
        assert_eq!(check(json!({}), &[], false), Ok(NOW + 160.0));
        for (changes, expected) in [
            (json!({"exp": NOW - 59.0}), None),
            (json!({"exp": NOW - 60.0}), Some(TokenFault::Expired)),
            (json!({"exp": null}), Some(TokenFault::Time)),
            (json!({"exp": "tomorrow"}), Some(TokenFault::Time)),
            (json!({"nbf": NOW + 60.0}), None),
            (json!({"nbf": NOW + 61.0}), Some(TokenFault::NotYetValid)),
            (json!({"iat": NOW + 60.0}), None),
            (json!({"iat": NOW + 61.0}), Some(TokenFault::IssuedInFuture)),
            (json!({"sub": ""}), Some(TokenFault::Subject)),
            (json!({"sub": 7}), Some(TokenFault::Subject)),
            (json!({"sub": "a\u{0}b"}), Some(TokenFault::Subject)),
            (json!({"sub": "a".repeat(255)}), None),
            (json!({"sub": "a".repeat(256)}), Some(TokenFault::Subject)),
        ] {
            assert_eq!(check(changes.clone(), &[], false).err(), expected, "{changes}");
        }
        assert_eq!(
            TokenClaims::parse(b"{\"sub\":\"a\"}")
                .unwrap()
                .check(Expected { audiences: &[], audience_optional: false, foreign_clock: false }, NOW),
            Err(TokenFault::ExpiryMissing)
        );
    }

    #[test]
    fn an_audience_is_one_of_those_that_are_expected() {
        for (aud, optional, good) in [
            (json!({"aud": "a"}), false, true),
            (json!({"aud": ["x", "a"]}), false, true),
            (json!({"aud": "x"}), false, false),
            (json!({"aud": []}), true, false),
            (json!({"aud": 7}), true, false),
            (json!({}), true, true),
            (json!({}), false, false),
        ] {
            assert_eq!(check(aud.clone(), &["a", "b"], optional).is_ok(), good, "{aud}");
        }
    }
}
