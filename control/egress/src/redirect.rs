//! Redirects: the next request, by the rules of the Fetch standard. Pure.

use http::header::{AUTHORIZATION, COOKIE, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use url::Url;

/// As many as browsers follow.
pub(super) const HOPS_MAX: usize = 20;

/// Describe a body, and leave with it.
const OF_THE_BODY: [HeaderName; 4] = [
    http::header::CONTENT_ENCODING,
    http::header::CONTENT_LANGUAGE,
    http::header::CONTENT_LOCATION,
    http::header::CONTENT_TYPE,
];

/// The request of one hop, but for its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// Whether the body goes along.
    pub(super) body: bool,
}

/// The place that a response redirects to, if it does.
pub(super) fn location(status: StatusCode, headers: &HeaderMap) -> Option<&HeaderValue> {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308).then(|| headers.get(LOCATION)).flatten()
}

/// The next hop, or nothing when the place is no URL.
pub(super) fn follow(hop: Hop, status: StatusCode, place: &HeaderValue) -> Option<Hop> {
    let mut url = hop.url.join(&escaped(place)).ok()?;
    if url.fragment().is_none() {
        url.set_fragment(hop.url.fragment());
    }
    let becomes_get = match status.as_u16() {
        301 | 302 => hop.method == Method::POST,
        303 => hop.method != Method::GET && hop.method != Method::HEAD,
        _ => false,
    };
    let mut next = Hop { url, ..hop.clone() };
    if becomes_get {
        next.method = Method::GET;
        next.body = false;
        for name in &OF_THE_BODY {
            next.headers.remove(name);
        }
    }
    if next.url.origin() != hop.url.origin() {
        // What the function meant for one host is not for another.
        next.headers.remove(AUTHORIZATION);
        next.headers.remove(COOKIE);
    }
    Some(next)
}

/// The place as text: bytes beyond ASCII as the escapes of a URL, whatever encoding they are meant in.
fn escaped(place: &HeaderValue) -> String {
    let mut text = String::with_capacity(place.len());
    for byte in place.as_bytes() {
        if byte.is_ascii() {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: Method, url: &str) -> Hop {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (AUTHORIZATION, "Bearer x"),
            (COOKIE, "a=b"),
            (http::header::CONTENT_TYPE, "text/plain"),
            (http::header::ACCEPT, "*/*"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Hop { method, url: Url::parse(url).unwrap(), headers, body: true }
    }

    fn to(method: Method, status: u16, place: &str) -> Hop {
        let status = StatusCode::from_u16(status).unwrap();
        follow(hop(method, "https://a.example/x?q#f"), status, &HeaderValue::from_str(place).unwrap())
            .unwrap()
    }

    #[test]
    fn methods_and_bodies_follow_the_standard() {
        for (method, status, becomes, body) in [
            (Method::POST, 301, Method::GET, false),
            (Method::POST, 302, Method::GET, false),
            (Method::PUT, 302, Method::PUT, true),
            (Method::PUT, 303, Method::GET, false),
            (Method::HEAD, 303, Method::HEAD, true),
            (Method::POST, 307, Method::POST, true),
            (Method::POST, 308, Method::POST, true),
        ] {
            let next = to(method.clone(), status, "/y");
            assert_eq!((next.method, next.body), (becomes, body), "{method} {status}");
            assert_eq!(next.headers.contains_key("content-type"), body);
        }
    }

    #[test]
    fn credentials_stay_with_their_origin() {
        let same = to(Method::GET, 302, "/y");
        assert_eq!(same.url.as_str(), "https://a.example/y#f");
        assert!(same.headers.contains_key(AUTHORIZATION) && same.headers.contains_key(COOKIE));
        for place in ["https://b.example/", "http://a.example/", "https://a.example:444/", "//b.example/"] {
            let next = to(Method::GET, 302, place);
            assert!(
                !next.headers.contains_key(AUTHORIZATION) && !next.headers.contains_key(COOKIE),
                "{place}"
            );
            assert!(next.headers.contains_key("accept"));
        }
    }

    #[test]
    fn a_place_in_any_encoding_is_a_url() {
        for (place, target) in [
            (&b"/top?\xe2\x98\x83%e2"[..], "https://a.example/top?%E2%98%83%e2#f"),
            (b"/top?\xff", "https://a.example/top?%FF#f"),
            (b"//\xc3\xa9.example/", "https://xn--9ca.example/#f"),
        ] {
            let place = HeaderValue::from_bytes(place).unwrap();
            let next = follow(hop(Method::GET, "https://a.example/x#f"), StatusCode::FOUND, &place).unwrap();
            assert_eq!(next.url.as_str(), target);
        }
    }

    #[test]
    fn only_the_five_statuses_with_a_place_redirect() {
        let mut headers = HeaderMap::new();
        assert!(location(StatusCode::FOUND, &headers).is_none());
        headers.insert(LOCATION, HeaderValue::from_static("/y"));
        assert!(location(StatusCode::FOUND, &headers).is_some());
        assert!(location(StatusCode::NOT_MODIFIED, &headers).is_none());
        assert!(location(StatusCode::CREATED, &headers).is_none());
    }
}
