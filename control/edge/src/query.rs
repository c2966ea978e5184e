//! The query string of a management route.

use http::Uri;

/// Its pairs, decoded, in order.
pub(super) fn pairs(uri: &Uri) -> Vec<(String, String)> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
}
