//! `EgressLists`: an app's own lists of hosts, which narrow what its functions may reach.

use serde::{Deserialize, Serialize};
use url::Url;

use mayfly_api::config::EgressInfo;
use mayfly_api::hosts::{EgressSpec, HostPattern};
use mayfly_api::value::List;

/// Which hosts functions may reach.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EgressLists {
    /// Only these; `None`: every public one.
    allow: Option<Vec<Pattern>>,
    /// None of these, whatever the other list says.
    #[serde(default)]
    deny: Vec<Pattern>,
    /// And only these, of one invocation.
    #[serde(skip)]
    within: Option<Vec<Pattern>>,
}

/// `host`, `*.host`, either with `:port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Pattern(String);

impl EgressLists {
    /// Lists that were asked for.
    pub fn of(spec: EgressSpec) -> Self {
        let patterns = |list: List<HostPattern, 0, 200>| {
            list.into_vec().into_iter().map(|host| Pattern(host.into_string())).collect()
        };
        Self {
            allow: spec.allow.map(patterns),
            deny: spec.deny.map(patterns).unwrap_or_default(),
            within: None,
        }
    }

    /// As the API shows them.
    pub fn info(&self) -> EgressInfo {
        let texts = |list: &[Pattern]| list.iter().map(|pattern| pattern.0.clone()).collect();
        EgressInfo { allow: self.allow.as_deref().map(texts), deny: texts(&self.deny) }
    }

    /// Nowhere at all.
    pub fn nothing() -> Self {
        Self { allow: Some(Vec::new()), ..Self::default() }
    }

    /// These lists, for an invocation that may go to these hosts alone.
    #[must_use]
    pub fn within(&self, hosts: &[HostPattern]) -> Self {
        let hosts = hosts.iter().map(|host| Pattern(host.clone().into_string())).collect();
        Self { within: Some(hosts), ..self.clone() }
    }

    /// Whether a URL's host is on the lists as it has to be.
    pub(super) fn permits(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        // A name with a dot at its end is the same name.
        let host = host.strip_suffix('.').unwrap_or(host);
        let port = url.port_or_known_default();
        let on = |list: &[Pattern]| list.iter().any(|pattern| pattern.matches(host, port));
        !on(&self.deny) && self.allow.as_deref().is_none_or(on) && self.within.as_deref().is_none_or(on)
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[derive(serde::Deserialize)]
    struct Sent {
        egress: EgressSpec,
    }

    fn permits(lists: Value, url: &str) -> bool {
        EgressLists::of(mayfly_api::decode::value::<Sent>(json!({ "egress": lists }), "").unwrap().egress)
            .permits(&Url::parse(url).unwrap())
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
}
