//! The part of a URL that is a function's own: what follows the function itself.

use std::borrow::Cow;

use mayfly_api::triggers::HttpUrl;

use super::CachedFunction;

/// The path within a function, of a request's path that leads to it. Of any other path it is all.
pub(crate) fn path_within<'a>(path: &'a str, function: &CachedFunction) -> &'a str {
    let (app, name) = (&*function.function.app_id, &*function.function.function_name);
    let own = function.http.as_ref().and_then(|http| http.path.as_deref());
    within(path, app, name, own).unwrap_or(path)
}

fn within<'a>(path: &'a str, app: &str, name: &str, own: Option<&str>) -> Option<&'a str> {
    let called = path.strip_prefix("/v1/")?.strip_prefix(app)?.strip_prefix("/fn")?;
    if own == Some(called) {
        return Some("/");
    }
    match called.strip_prefix('/')?.strip_prefix(name)? {
        "" => Some("/"),
        rest => rest.starts_with('/').then_some(rest),
    }
}

/// The URL that a function sees, where its path within the function is this.
pub(crate) fn url_shown<'a>(url: &'a str, within: &str, function: &CachedFunction) -> Cow<'a, str> {
    match function.http.as_ref().map(|http| http.url) {
        Some(HttpUrl::Function) => cut(url, within).map_or(Cow::Borrowed(url), Cow::Owned),
        Some(HttpUrl::Whole) | None => Cow::Borrowed(url),
    }
}

/// The same scheme, host and query, with this path.
fn cut(url: &str, within: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let query = rest.split_once('?').map(|(_, query)| format!("?{query}")).unwrap_or_default();
    Some(format!("{scheme}://{authority}{within}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_function_is_none_of_its_path() {
        let of = |path| within(path, "app_a", "shop", Some("/my/own"));
        for (path, rest) in [
            ("/v1/app_a/fn/shop", Some("/")),
            ("/v1/app_a/fn/shop/", Some("/")),
            ("/v1/app_a/fn/shop/a%20b//c", Some("/a%20b//c")),
            ("/v1/app_a/fn/my/own", Some("/")),
            ("/v1/app_a/fn/my/own/more", None),
            ("/v1/app_a/fn/shopping", None),
            ("/v1/app_b/fn/shop", None),
            ("/v1/app_a/webhooks/shop", None),
        ] {
            assert_eq!(of(path), rest, "{path}");
        }
    }

    #[test]
    fn a_url_is_cut_at_the_function() {
        for (url, within, shown) in [
            ("https://h.example:444/v1/app_a/fn/shop/a?b=/?c", "/a", "https://h.example:444/a?b=/?c"),
            ("http://shop.example/shop?b", "/", "http://shop.example/?b"),
            ("http://shop.example", "/", "http://shop.example/"),
        ] {
            assert_eq!(cut(url, within).as_deref(), Some(shown), "{url}");
        }
        assert_eq!(cut("nonsense", "/"), None);
    }
}
