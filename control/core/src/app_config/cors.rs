//! Which web pages may call an app's functions from a browser.

use serde::{Deserialize, Serialize};
use url::Url;

use mayfly_api::error::{ApiError, ApiResult};

/// Origins of one app.
const ORIGINS_MAX: usize = 50;
/// The longest one, in characters.
const ORIGIN_CHARS_MAX: usize = 255;

/// A list of origins: `https://app.example`, `https://*.app.example`, or `*` for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origins(Vec<String>);

/// What the list says of an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginVerdict {
    /// There is no list: functions say for themselves.
    Unset,
    /// Not in it.
    Refused,
    /// Named in it: credentials may come along.
    Named,
    /// Anyone is.
    Anyone,
}

impl Origins {
    /// Read a list of origins; `path` names it in errors.
    pub fn read(list: &[serde_json::Value], path: &str) -> ApiResult<Self> {
        if list.len() > ORIGINS_MAX {
            return Err(ApiError::invalid(path, format!("may have {ORIGINS_MAX} items at most")));
        }
        let mut origins = Vec::with_capacity(list.len());
        for (place, item) in list.iter().enumerate() {
            let good = item.as_str().filter(|text| text.len() <= ORIGIN_CHARS_MAX && is_origin(text));
            let origin = good.ok_or_else(|| {
                let words = "must be `*` or an origin such as https://app.example, with *. in front of the host for all below it, and without a path";
                ApiError::invalid(&format!("{path}[{place}]"), words)
            })?;
            if !origins.iter().any(|known| known == origin) {
                origins.push(origin.to_owned());
            }
        }
        Ok(Self(origins))
    }

    /// Whether a page of this origin may call.
    pub fn judge(&self, origin: &str) -> OriginVerdict {
        if self.0.is_empty() {
            OriginVerdict::Unset
        } else if self.0.iter().any(|listed| matches(listed, origin)) {
            OriginVerdict::Named
        } else if self.0.iter().any(|listed| listed == "*") {
            OriginVerdict::Anyone
        } else {
            OriginVerdict::Refused
        }
    }

    /// As they were given.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }
}

/// As browsers write it: a scheme, a host in lower case, a port where it is not the scheme's own, and nothing else.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let plain = text.replacen("://*.", "://", 1);
    Url::parse(&plain).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == plain
    })
}

fn matches(listed: &str, origin: &str) -> bool {
    match listed.split_once("://*.") {
        None => listed == origin,
        Some((scheme, below)) => origin
            .strip_prefix(scheme)
            .and_then(|rest| rest.strip_prefix("://"))
            .and_then(|rest| rest.strip_suffix(below))
            .is_some_and(|label| {
                label.len() > 1
                    && label.ends_with('.')
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
            }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn origins(list: serde_json::Value) -> ApiResult<Origins> {
        Origins::read(list.as_array().unwrap(), "cors_origins")
    }

    #[test]
    fn only_origins_are_origins() {
        for good in ["*", "https://a.example", "http://localhost:3000", "https://*.a.example"] {
            assert!(origins(json!([good])).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a.example",
            "https://a.example/",
            "https://A.example",
            "https://a.example:443",
            "null",
            "ftp://a",
        ] {
            let error = origins(json!(["*", bad])).unwrap_err();
            assert!(error.message().starts_with("cors_origins[1]: "), "{bad}: {}", error.message());
        }
        assert!(origins(json!(vec!["*"; 51])).is_err());
    }

    #[test]
    fn an_origin_is_judged_by_the_list() {
        let named = origins(json!(["https://a.example", "https://*.b.example"])).unwrap();
        for (origin, verdict) in [
            ("https://a.example", OriginVerdict::Named),
            ("https://x.b.example", OriginVerdict::Named),
            ("https://x.y.b.example", OriginVerdict::Named),
            ("https://b.example", OriginVerdict::Refused),
            ("https://evil-b.example", OriginVerdict::Refused),
            ("https://evil.example/.b.example", OriginVerdict::Refused),
            ("https://.b.example", OriginVerdict::Refused),
            ("http://a.example", OriginVerdict::Refused),
            ("null", OriginVerdict::Refused),
        ] {
            assert_eq!(named.judge(origin), verdict, "{origin}");
        }
        assert_eq!(origins(json!(["*"])).unwrap().judge("null"), OriginVerdict::Anyone);
        assert_eq!(Origins::default().judge("https://a.example"), OriginVerdict::Unset);
    }
}
