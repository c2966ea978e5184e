//! Headers of a request and of its response: checked, and without those that belong to the connection.

use http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, HeaderMap, HeaderName, HeaderValue, RANGE, USER_AGENT,
};
use mayfly_runtime::providers::GuestError;

use super::failure::failed;

/// Headers of one request.
const COUNT_MAX: usize = 100;
/// Names and values together, in bytes.
const BYTES_MAX: usize = 64 << 10;

/// Belong to one connection, not to the message, or are computed from the body.
const NOT_THE_GUESTS: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers that are sent: the guest's that are valid HTTP, and ours.
pub(super) fn outgoing(headers: &[(String, String)]) -> Result<HeaderMap, GuestError> {
    let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len()).sum();
    if headers.len() > COUNT_MAX || bytes > BYTES_MAX {
        return Err(failed(format_args!("more than {COUNT_MAX} headers, or {BYTES_MAX} bytes of them")));
    }
    let mut map = HeaderMap::with_capacity(headers.len() + 4);
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| failed(format_args!("{name:?} is not a header name")))?;
        if NOT_THE_GUESTS.contains(&name.as_str()) {
            continue;
        }
        let value = HeaderValue::from_bytes(&latin1(value).ok_or_else(|| bad_value(&name))?)
            .map_err(|_| bad_value(&name))?;
        map.append(name, value);
    }
    // A range of a compressed body cannot be decompressed.
    let encodings = if map.contains_key(RANGE) { "identity" } else { "gzip, deflate, br" };
    map.insert(ACCEPT_ENCODING, HeaderValue::from_static(encodings));
    let unless_given = [
        (ACCEPT, "*/*"),
        (ACCEPT_LANGUAGE, "*"),
        (USER_AGENT, concat!("Mayfly/", env!("CARGO_PKG_VERSION"))),
    ];
    for (name, value) in unless_given {
        map.entry(name).or_insert(HeaderValue::from_static(value));
    }
    Ok(map)
}

/// The response's headers, as the guest gets them: without those that were true of the body before it was
/// decompressed.
pub(super) fn incoming(headers: &HeaderMap, is_decompressed: bool) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| match name.as_str() {
            "connection" | "keep-alive" | "transfer-encoding" | "upgrade" => false,
            "content-encoding" | "content-length" => !is_decompressed,
            _ => true,
        })
        .map(|(name, value)| {
            let text = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            (name.as_str().to_owned(), text)
        })
        .collect()
}

fn bad_value(name: &HeaderName) -> GuestError {
    failed(format_args!("the value of the header {name} is not valid"))
}

/// The bytes of a `ByteString`: one a character, none beyond 255.
fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn headers_of_the_connection_stay_here() {
        let map = outgoing(&pairs(&[
            ("Host", "evil"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Length", "3"),
            ("Accept-Encoding", "br"),
            ("X-Kept", "a"),
            ("x-kept", "b"),
        ]))
        .unwrap();
        assert_eq!(map.get_all("x-kept").iter().count(), 2);
        assert_eq!(map["accept-encoding"], "gzip, deflate, br");
        assert_eq!(map.len(), 6);
    }

    #[test]
    fn what_the_guest_does_not_say_is_said_for_it() {
        let map = outgoing(&[]).unwrap();
        assert_eq!(
            (&map["accept"], &map["accept-language"]),
            (&"*/*".parse().unwrap(), &"*".parse().unwrap())
        );
        let map = outgoing(&pairs(&[("Accept", "text/html"), ("Accept-Language", "de")])).unwrap();
        assert_eq!(
            (&map["accept"], &map["accept-language"]),
            (&"text/html".parse().unwrap(), &"de".parse().unwrap())
        );
    }

    #[test]
    fn nothing_splits_a_header() {
        for (name, value) in [
            ("x", "a\r\nhost: evil"),
            ("x", "a\nb"),
            ("x", "a\0"),
            ("x\r\ny", "a"),
            ("x y", "a"),
            ("", "a"),
            ("x", "\u{100}"),
        ] {
            assert!(outgoing(&pairs(&[(name, value)])).is_err(), "{name:?}: {value:?}");
        }
        assert!(outgoing(&pairs(&[("x", "caf\u{e9}")])).is_ok());
    }

    #[test]
    fn headers_are_limited() {
        let many = vec![("x".to_owned(), "y".to_owned()); COUNT_MAX];
        assert!(outgoing(&many).is_ok());
        assert!(outgoing(&vec![("x".to_owned(), "y".to_owned()); COUNT_MAX + 1]).is_err());
        assert!(outgoing(&[("x".to_owned(), "y".repeat(BYTES_MAX))]).is_err());
    }
}
