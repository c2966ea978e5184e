//! The credentials of a request: none, one bearer, or something that is not to be used.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::error::{ApiError, Code};

/// The longest bearer that is looked at.
const BEARER_BYTES_MAX: usize = 8 << 10;

/// Acts on behalf of an end user, with a service key.
const AS_USER: &str = "x-butterbase-as-user";

/// What a request brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer<'a> {
    /// No `Authorization` at all.
    None,
    /// Exactly one, of the scheme `Bearer`.
    Token(&'a str),
    /// Several, of another scheme, or malformed; with the reason.
    Unusable(&'static str),
}

impl<'a> Bearer<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Self::None };
        if values.next().is_some() {
            return Self::Unusable("there is more than one Authorization header");
        }
        let Ok(text) = value.to_str() else {
            return Self::Unusable("the Authorization header is not ASCII");
        };
        let Some((scheme, token)) = text.split_once(' ') else {
            return Self::Unusable("the Authorization header is not of the form `Bearer <token>`");
        };
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") {
            Self::Unusable("the Authorization scheme is not Bearer")
        } else if token.is_empty() || token.contains(' ') || token.len() > BEARER_BYTES_MAX {
            Self::Unusable("the bearer is empty, too long, or more than one word")
        } else {
            Self::Token(token)
        }
    }
}

/// The user to act as, where the header is there.
pub(crate) fn as_user(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(AS_USER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let id = value.to_str().map(str::trim).unwrap_or_default();
    if values.next().is_some() || !(1..=255).contains(&id.len()) {
        return Err(ApiError::invalid(
            "X-Butterbase-As-User",
            "must be sent once, with 1 to 255 characters of ASCII",
        ));
    }
    Ok(Some(id.to_owned()))
}

/// The answer to credentials that are there and cannot be used.
pub(super) fn invalid_token(reason: &str) -> ApiError {
    ApiError::new(Code::AuthInvalidToken, reason.to_owned())
}

/// The answer to no credentials where some are needed.
pub(super) fn required() -> ApiError {
    ApiError::new(Code::AuthRequired, "this needs `Authorization: Bearer <key>`")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn exactly_one_bearer_is_a_token() {
        assert_eq!(Bearer::of(&HeaderMap::new()), Bearer::None);
        assert_eq!(Bearer::of(&headers("authorization", &["Bearer abc"])), Bearer::Token("abc"));
        assert_eq!(Bearer::of(&headers("authorization", &["bEARER  abc "])), Bearer::Token("abc"));
        for values in [
            &["Bearer a", "Bearer a"][..],
            &["Basic abc"],
            &["abc"],
            &["Bearer "],
            &["Bearer a b"],
            &[""],
            &["Bearer \u{e9}"],
        ] {
            let headers = headers("authorization", values);
            assert!(matches!(Bearer::of(&headers), Bearer::Unusable(_)), "{values:?}");
        }
    }

    #[test]
    fn a_user_is_named_once_and_within_bounds() {
        assert_eq!(as_user(&HeaderMap::new()).unwrap(), None);
        assert_eq!(as_user(&headers(AS_USER, &[" alice "])).unwrap().as_deref(), Some("alice"));
        for values in [&["a", "b"][..], &[""], &["  "], &[&"a".repeat(256)], &["\u{e9}"]] {
            assert!(as_user(&headers(AS_USER, values)).is_err(), "{values:?}");
        }
    }
}
