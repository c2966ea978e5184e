//! Which web pages may call an app's functions from a browser.

use mayfly_api::hosts::{Origin, OriginVerdict};
use serde::{Deserialize, Serialize};

/// A list of origins: `https://app.example`, `https://*.app.example`, or `*` for all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origins(Vec<String>);

impl Origins {
    /// A list that was asked for, without doubles.
    pub(crate) fn of(list: &[Origin]) -> Self {
        let mut origins: Vec<String> = Vec::with_capacity(list.len());
        for origin in list {
            if !origins.iter().any(|known| known == origin.as_str()) {
                origins.push(origin.as_str().to_owned());
            }
        }
        Self(origins)
    }

    /// Whether a page of this origin may call.
    pub fn check(&self, origin: &str) -> OriginVerdict {
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

    fn origins(list: serde_json::Value) -> Origins {
        Origins::of(&serde_json::from_value::<Vec<Origin>>(list).unwrap())
    }

    #[test]
    fn an_origin_is_checked_against_the_list() {
        let named = origins(json!(["https://a.example", "https://*.b.example"]));
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
            assert_eq!(named.check(origin), verdict, "{origin}");
        }
        assert_eq!(origins(json!(["*"])).check("null"), OriginVerdict::Anyone);
        assert_eq!(Origins::default().check("https://a.example"), OriginVerdict::Unset);
    }
}
