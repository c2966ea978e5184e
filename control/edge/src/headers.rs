//! Headers on their way into a function and out of it.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use mayfly_runtime::{Body, Request};

use super::layers::app_host::AskedUrl;
use super::layers::request_id::X_REQUEST_ID;
use super::rescue::X_INVOCATION_ID;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::keys;

/// The request as the function sees it: the URL that the caller used, and no header that belongs to the connection,
/// forges an identity, or is a key of ours.
pub(super) fn forward(base: &Base, head: Parts, body: Option<Body>) -> Request {
    let url = base.url_of(&head);
    let mut headers = Vec::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        if is_hop_by_hop(name) || forges_identity(name) || (*name == AUTHORIZATION && is_our_key(value)) {
            continue;
        }
        let text: Cow<'_, str> = match value.to_str() {
            Ok(text) => Cow::Borrowed(text),
            // A header's bytes beyond ASCII are Latin-1 to the Fetch standard.
            Err(_) => Cow::Owned(value.as_bytes().iter().map(|byte| char::from(*byte)).collect()),
        };
        headers.push((name.as_str().to_owned(), text.into_owned()));
    }
    Request { method: head.method.as_str().to_owned(), url, headers, body }
}

/// The address that callers use.
#[derive(Debug, Clone)]
pub struct Base {
    /// Set by the operator, when a proxy stands in front.
    public: Option<Box<str>>,
    /// `http://` and the listener's address.
    listener: Box<str>,
}

impl Base {
    /// The base of a server: the operator's word, or where it listens.
    pub fn new(public: Option<&str>, listener: &str) -> Self {
        Self { public: public.map(Into::into), listener: listener.into() }
    }

    /// For links that Mayfly itself gives out.
    pub fn as_str(&self) -> &str {
        self.public.as_deref().unwrap_or(&self.listener)
    }

    fn url_of(&self, head: &Parts) -> String {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let (path, is_rewritten) = match head.extensions.get() {
            Some(AskedUrl::Path(asked)) => (asked.as_str(), true),
            Some(AskedUrl::Nowhere) | None => (path, false),
        };
        if let Some(public) = self.public.as_deref() {
            // Under an app's own host, the server's address gives the scheme alone.
            let (scheme, _) = public.split_once("://").unwrap_or(("http", ""));
            return match head.headers.get(HOST).and_then(|host| host.to_str().ok()) {
                Some(host) if is_rewritten && is_authority(host) => format!("{scheme}://{host}{path}"),
                _ => format!("{public}{path}"),
            };
        }
        match head.headers.get(HOST).and_then(|host| host.to_str().ok()).filter(|host| is_authority(host)) {
            Some(host) => format!("http://{host}{path}"),
            None => format!("{}{path}", self.listener),
        }
    }
}

fn is_authority(host: &str) -> bool {
    is_plain(host) || (!host.contains('@') && host.parse::<http::uri::Authority>().is_ok())
}

/// A name or an IPv4 address with or without a port, as almost all are: known without making anything of it.
fn is_plain(host: &str) -> bool {
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    !name.is_empty()
        && name.bytes().all(is_of_a_name)
        && matches!(port.len(), 1..=5)
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// The function's own headers, then ours over them.
pub(super) fn write_function_headers(
    out: &mut HeaderMap,
    headers: Vec<(String, String)>,
    invocation_id: &str,
) -> ApiResult<()> {
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(ApiError::internal)?;
        if is_hop_by_hop(&name) || name == http::header::CONTENT_LENGTH || is_ours(&name) {
            continue;
        }
        out.append(name, header_value(value)?);
    }
    mark_invocation(out, invocation_id)
}

/// A value is a byte a character.
fn header_value(text: String) -> ApiResult<HeaderValue> {
    if text.is_ascii() {
        return HeaderValue::from_maybe_shared(Bytes::from(text)).map_err(ApiError::internal);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let bytes = bytes.ok_or_else(|| ApiError::internal("a response header is not Latin-1"))?;
    HeaderValue::from_bytes(&bytes).map_err(ApiError::internal)
}

/// Say which invocation an answer comes from.
pub(super) fn mark_invocation(out: &mut HeaderMap, invocation_id: &str) -> ApiResult<()> {
    out.insert(X_INVOCATION_ID, HeaderValue::from_str(invocation_id).map_err(ApiError::internal)?);
    Ok(())
}

/// Headers that a function cannot set: they say things about it.
fn is_ours(name: &HeaderName) -> bool {
    *name == X_REQUEST_ID || *name == X_INVOCATION_ID || *name == "x-error-source"
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Only the edge says who a caller is.
fn forges_identity(name: &HeaderName) -> bool {
    let name = name.as_str();
    matches!(name, "x-user-id" | "x-app-id")
        || name.starts_with("x-mayfly-")
        || (name.starts_with("x-butterbase-") && name != "x-butterbase-as-user")
}

/// A key has done its work here; inside a sandbox it could only leak.
fn is_our_key(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|text| text.split_ascii_whitespace().any(|word| keys::shape(word).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri("/v1/app/fn/hello/a%20b?c=d");
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        request.body(()).unwrap().into_parts().0
    }

    fn base() -> Base {
        Base::new(None, "http://127.0.0.1:8787")
    }

    #[test]
    fn what_forges_or_belongs_to_the_connection_stays_out() {
        let key = "Bearer bb_sk_0123456789abcdef0123456789abcdef01234567";
        let request = forward(
            &base(),
            head(&[
                ("host", "h.example"),
                ("X-User-Id", "root"),
                ("x-app-id", "app_x"),
                ("x-butterbase-caller-type", "service_key"),
                ("x-butterbase-as-user", "alice"),
                ("x-mayfly-anything", "1"),
                ("connection", "keep-alive"),
                ("transfer-encoding", "chunked"),
                ("authorization", key),
                ("x-mine", "caf\u{e9}"),
            ]),
            None,
        );
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["host", "x-butterbase-as-user", "x-mine"]);
        assert!(request.body.is_none());
    }

    #[test]
    fn an_authorization_of_the_functions_own_gets_through() {
        let request = forward(&base(), head(&[("host", "h"), ("authorization", "Basic abc")]), None);
        assert!(request.headers.iter().any(|(name, value)| name == "authorization" && value == "Basic abc"));
    }

    #[test]
    fn the_url_is_the_one_that_the_caller_used() {
        let url = |base: &Base, host: &str| forward(base, head(&[("host", host)]), None).url;
        assert_eq!(url(&base(), "h.example:99"), "http://h.example:99/v1/app/fn/hello/a%20b?c=d");
        assert_eq!(url(&base(), "a@b"), "http://127.0.0.1:8787/v1/app/fn/hello/a%20b?c=d");
        assert_eq!(url(&base(), "a b"), "http://127.0.0.1:8787/v1/app/fn/hello/a%20b?c=d");
        let proxied = Base::new(Some("https://api.example"), "http://127.0.0.1:8787");
        assert_eq!(url(&proxied, "internal"), "https://api.example/v1/app/fn/hello/a%20b?c=d");
    }

    #[test]
    fn the_url_of_an_apps_host_is_the_one_that_the_caller_used() {
        let proxied = Base::new(Some("https://api.example/base"), "http://127.0.0.1:8787");
        let mut head = head(&[("host", "shop.example:444")]);
        head.extensions.insert(AskedUrl::Path("/a%20b?c=d".parse().unwrap()));
        assert_eq!(proxied.url_of(&head), "https://shop.example:444/a%20b?c=d");
        assert_eq!(base().url_of(&head), "http://shop.example:444/a%20b?c=d");
    }

    #[test]
    fn a_function_cannot_speak_for_the_platform() {
        let mut out = HeaderMap::new();
        let pairs = [
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("x-request-id", "mine"),
            ("x-invocation-id", "mine"),
            ("x-error-source", "platform"),
            ("content-length", "3"),
            ("transfer-encoding", "chunked"),
        ];
        let pairs = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        write_function_headers(&mut out, pairs, "inv_1").unwrap();
        assert_eq!(out.get_all("set-cookie").iter().count(), 2);
        assert_eq!(out["x-invocation-id"], "inv_1");
        assert_eq!(out.len(), 3);
        assert!(write_function_headers(&mut out, vec![("x".into(), "a\r\nb: c".into())], "inv_1").is_err());
    }
}
