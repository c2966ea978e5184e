//! `EgressLists`: an app's own lists of hosts, which narrow what its functions may reach.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;

/// Hosts of one list.
const HOSTS_MAX: usize = 200;
/// The longest one, in bytes.
const HOST_BYTES_MAX: usize = 260;

/// Which hosts functions may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressLists {
    /// Only these; `None`: every public one.
    allow: Option<Vec<Pattern>>,
    /// None of these, whatever the other list says.
    #[serde(default)]
    deny: Vec<Pattern>,
}

/// `host`, `*.host`, either with `:port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Pattern(String);

impl EgressLists {
    /// Read `{allow?, deny?}`, or a list that is the allow-list.
    pub fn read(value: Value, path: &str) -> ApiResult<Self> {
        if let Value::Array(items) = value {
            return Ok(Self { allow: Some(read_list(&items, path)?), deny: Vec::new() });
        }
        let mut fields = Fields::of(value, path)?;
        let allow = match fields.list("allow", usize::MAX)? {
            Some(items) => Some(read_list(&items, &fields.path_of("allow"))?),
            None => None,
        };
        let deny = fields.list("deny", usize::MAX)?.unwrap_or_default();
        let deny = read_list(&deny, &fields.path_of("deny"))?;
        fields.finish()?;
        Ok(Self { allow, deny })
    }

    /// Nowhere at all.
    pub fn nothing() -> Self {
        Self { allow: Some(Vec::new()), deny: Vec::new() }
    }

    /// Whether a URL's host is on the lists as it has to be.
    pub(super) fn permits(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        // A name with a dot at its end is the same name.
        let host = host.strip_suffix('.').unwrap_or(host);
        let port = url.port_or_known_default();
        let on = |list: &[Pattern]| list.iter().any(|pattern| pattern.matches(host, port));
        !on(&self.deny) && self.allow.as_deref().is_none_or(on)
    }
}

impl Pattern {
    fn matches(&self, host: &str, port: Option<u16>) -> bool {
        let (wanted, wanted_port) = self.parts();
        if wanted_port.is_some() && wanted_port != port {
            return false;
        }
        match wanted.strip_prefix("*.") {
            None => wanted == host,
            Some(below) => host.strip_suffix(below).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1),
        }
    }

    fn parts(&self) -> (&str, Option<u16>) {
        // Within brackets colons are the address's own.
        match self.0.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()),
            _ => (&self.0, None),
        }
    }
}

fn read_list(items: &[Value], path: &str) -> ApiResult<Vec<Pattern>> {
    if items.len() > HOSTS_MAX {
        return Err(ApiError::invalid(path, format!("may have {HOSTS_MAX} items at most")));
    }
    items
        .iter()
        .enumerate()
        .map(|(place, item)| {
            item.as_str().and_then(pattern).ok_or_else(|| {
                let words = "must be a host such as api.example, *.example for all below it, or an address, each with or without a port";
                ApiError::invalid(&format!("{path}[{place}]"), words)
            })
        })
        .collect()
}

/// Written as URLs write it: names in lower case and punycode, addresses in their one spelling.
fn pattern(text: &str) -> Option<Pattern> {
    if text.len() > HOST_BYTES_MAX {
        return None;
    }
    let (prefix, rest) = text.strip_prefix("*.").map_or(("", text), |rest| ("*.", rest));
    let unfit = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '@' | '?' | '#' | '\\' | '*' | '%');
    if rest.is_empty() || rest.contains(unfit) || rest.ends_with(':') {
        return None;
    }
    // With a scheme that has no well-known port, every port that is written shows.
    let url = Url::parse(&format!("ws://{rest}/")).ok()?;
    let host = url.host_str()?.strip_suffix('.').unwrap_or(url.host_str()?);
    let is_name = matches!(url.host(), Some(url::Host::Domain(_)));
    if !prefix.is_empty() && !is_name {
        return None;
    }
    let port = match rest.rsplit_once(':') {
        Some((_, port)) if !port.contains(']') => format!(":{}", port.parse::<u16>().ok()?),
        _ => String::new(),
    };
    Some(Pattern(format!("{prefix}{host}{port}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn permits(lists: Value, url: &str) -> bool {
        EgressLists::read(lists, "egress").unwrap().permits(&Url::parse(url).unwrap())
    }

    #[test]
    fn a_host_is_on_the_list_or_it_is_not() {
        let allow = json!({"allow": ["api.example", "*.cdn.example", "Port.Example:8443", "192.0.2.7", "[2001:db8::1]"]});
        for (url, good) in [
            ("https://api.example/x", true),
            ("https://API.example./x", true),
            ("http://api.example:8080/", true),
            ("https://evil-api.example/", false),
            ("https://api.example.evil/", false),
            ("https://a.cdn.example/", true),
            ("https://a.b.cdn.example/", true),
            ("https://cdn.example/", false),
            ("https://evilcdn.example/", false),
            ("https://port.example:8443/", true),
            ("https://port.example/", false),
            ("http://192.0.2.7/", true),
            ("http://0xc0000207/", true),
            ("http://[2001:db8:0::1]/", true),
            ("http://[2001:db8::2]/", false),
        ] {
            assert_eq!(permits(allow.clone(), url), good, "{url}");
        }
    }

    #[test]
    fn denial_wins_and_an_empty_list_allows_nothing() {
        assert!(permits(json!({}), "https://a.example/"));
        assert!(!permits(json!({"allow": []}), "https://a.example/"));
        assert!(!permits(json!([]), "https://a.example/"));
        assert!(permits(json!(["a.example"]), "https://a.example/"));
        let both = json!({"allow": ["*.example"], "deny": ["secret.example"]});
        assert!(permits(both.clone(), "https://a.example/"));
        assert!(!permits(both, "https://secret.example:444/"));
        assert!(!EgressLists::nothing().permits(&Url::parse("https://a.example/").unwrap()));
    }

    #[test]
    fn what_is_no_host_is_refused_by_its_place() {
        for bad in [
            "",
            "*",
            "*.",
            "a b",
            "http://a",
            "a/b",
            "a:b",
            "a:",
            "a:99999",
            "*.192.0.2.7",
            "a@b",
            "a%2eb",
            "a.*.b",
        ] {
            let error = EgressLists::read(json!({"deny": ["ok.example", bad]}), "egress").unwrap_err();
            assert!(error.message().starts_with("egress.deny[1]: "), "{bad}: {}", error.message());
        }
        assert!(EgressLists::read(json!(vec!["a.example"; 201]), "egress").is_err());
        assert!(EgressLists::read(json!({"allowed": []}), "egress").is_err());
    }
}
