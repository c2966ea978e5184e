//! The credentials of a request: none, one bearer, or something that is not to be used.

use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::request::Parts;
use http::{HeaderMap, Uri};
use zeroize::Zeroizing;

use mayfly_api::error::{ApiError, Code};
use mayfly_api::realtime::SUBPROTOCOL_BEARER;
use mayfly_jwt::token::{TOKEN_BYTES_MAX, TokenFault, is_token_shaped};

/// Acts on behalf of an end user, with a service key.
const AS_USER: &str = "x-butterbase-as-user";

/// Picks a version, with a service key.
const VERSION: &str = "x-mayfly-version";

/// What a request brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bearer<'a> {
    /// No `Authorization` at all.
    None,
    /// Exactly one, of the scheme `Bearer`.
    Token(&'a str),
    /// Several, of another scheme, or malformed.
    Unusable(TokenFault),
}

impl<'a> Bearer<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Self::None };
        if values.next().is_some() {
            return Self::Unusable(TokenFault::AuthorizationRepeated);
        }
        let malformed = Self::Unusable(TokenFault::AuthorizationMalformed);
        let Ok(text) = value.to_str() else { return malformed };
        let Some((scheme, token)) = text.split_once(' ') else { return malformed };
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.contains(' ') {
            malformed
        } else if token.len() > TOKEN_BYTES_MAX {
            Self::Unusable(TokenFault::TooLong)
        } else {
            Self::Token(token)
        }
    }
}

/// The one credential of a client that opens a socket: by `Authorization`, by `?token=`, or by a subprotocol. Browsers
/// can set no header there, so that the URL is not refused as it is elsewhere.
///
/// # Errors
/// 401 for none, for several, and for one that cannot be used; 403 for the wish to act as a user.
pub fn client_bearer(head: &Parts) -> Result<Zeroizing<String>, ApiError> {
    if as_user(&head.headers)?.is_some() {
        let text = "a socket acts as its own credential: open it with a token of that user";
        return Err(ApiError::new(Code::AuthImpersonationForbidden, text));
    }
    let mut found: Vec<Zeroizing<String>> = Vec::new();
    match Bearer::of(&head.headers) {
        Bearer::None => {}
        Bearer::Token(token) => found.push(Zeroizing::new(token.to_owned())),
        Bearer::Unusable(fault) => return Err(refused(fault)),
    }
    let query = head.uri.query().unwrap_or_default();
    let tokens = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "token");
    found.extend(tokens.map(|(_, token)| Zeroizing::new(token.into_owned())));
    let offered = head.headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|value| value.to_str().ok());
    let names = offered.flat_map(|value| value.split(',')).map(str::trim);
    found.extend(
        names
            .filter_map(|name| name.strip_prefix(SUBPROTOCOL_BEARER))
            .map(|token| Zeroizing::new(token.to_owned())),
    );
    let bearer = found.pop().ok_or_else(required)?;
    if !found.is_empty() {
        return Err(refused(TokenFault::AuthorizationRepeated));
    }
    if bearer.len() > TOKEN_BYTES_MAX {
        return Err(refused(TokenFault::TooLong));
    }
    Ok(bearer)
}

/// The version to run, where the header is there.
pub fn pinned_version(headers: &HeaderMap) -> Result<Option<u32>, ApiError> {
    let mut values = headers.get_all(VERSION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    match number {
        Some(number @ 1..=0x7fff_ffff) if values.next().is_none() => Ok(Some(number)),
        _ => Err(ApiError::invalid("X-Mayfly-Version", "must be sent once, with a version's number")),
    }
}

/// Whether there are credentials in the URL, where they are no credentials, and a leak: one of our keys under whatever
/// name, or a token under the name that RFC 6750 has for it.
pub(super) fn in_query(uri: &Uri) -> bool {
    let Some(query) = uri.query() else { return false };
    url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| {
        mayfly_api::keys::shape(&value).is_some() || (name == "access_token" && is_token_shaped(&value))
    })
}

/// The user to act as, where the header is there.
pub fn as_user(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
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

/// The answer to credentials that are there and cannot be used: it says which check failed.
pub(super) fn refused(fault: TokenFault) -> ApiError {
    let code = match fault {
        TokenFault::Expired => Code::AuthEndUserJwtExpired,
        _ => Code::AuthInvalidToken,
    };
    ApiError::new(code, fault.message()).with_details(serde_json::json!({ "reason": fault.as_str() }))
}

/// The answer to no credentials where some are needed.
pub(super) fn required() -> ApiError {
    ApiError::new(Code::AuthRequired, "this needs `Authorization: Bearer <key or token>`")
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
    fn keys_and_tokens_are_found_in_the_url() {
        let found = |query: &str| in_query(&format!("/v1/x?{query}").parse().unwrap());
        let key = "bb_sk_0123456789abcdef0123456789abcdef01234567";
        for query in [
            &format!("key={key}"),
            &format!("a=b&whatever={key}"),
            "access_token=a.b.c",
            "access%5Ftoken=a.b.",
        ] {
            assert!(found(query), "{query}");
        }
        for query in ["", "key=bb_sk_", "token=a.b.c", "access_token=abc", "access_token=1.2"] {
            assert!(!found(query), "{query}");
        }
    }

    #[test]
    fn a_client_shows_one_credential_in_one_of_three_ways() {
        let bearer = |query: &str, headers: &[(&str, &str)]| {
            let mut request = http::Request::builder().uri(format!("/v1/app/realtime?{query}"));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            client_bearer(&request.body(()).unwrap().into_parts().0).map(|bearer| bearer.to_string())
        };
        let by_header = ("authorization", "Bearer abc");
        let by_protocol = ("sec-websocket-protocol", "mayfly, bearer.abc");
        assert_eq!(bearer("", &[by_header]).unwrap(), "abc");
        assert_eq!(bearer("a=b&token=a%62c", &[]).unwrap(), "abc");
        assert_eq!(bearer("", &[by_protocol]).unwrap(), "abc");
        for (query, headers) in [
            ("", &[][..]),
            ("", &[("sec-websocket-protocol", "mayfly")]),
            ("", &[("authorization", "Basic abc")]),
            ("token=abc", &[by_header]),
            ("token=abc&token=abc", &[]),
            ("token=abc", &[by_protocol]),
            ("token=abc", &[("x-butterbase-as-user", "alice")]),
        ] {
            assert!(bearer(query, headers).is_err(), "{query} {headers:?}");
        }
        assert!(bearer(&format!("token={}", "a".repeat(TOKEN_BYTES_MAX)), &[]).is_ok());
        assert!(bearer(&format!("token={}", "a".repeat(TOKEN_BYTES_MAX + 1)), &[]).is_err());
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
