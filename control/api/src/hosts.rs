//! Hosts and origins: of pages that may call, and of servers that functions may reach.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::value::List;

/// The longest origin, in bytes.
const ORIGIN_BYTES_MAX: usize = 255;
/// The longest name of a host, and the longest part of one, in bytes.
const NAME_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// The longest host, in bytes.
const HOST_BYTES_MAX: usize = 260;

/// `*`, or an origin such as `https://app.example` or `https://*.app.example`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Origin(String);

/// `host`, `*.host`, or an address, each with or without `:port`, in the spelling that URLs have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HostPattern(String);

/// The name of a host, in lower case and punycode: no address, no port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct HostName(String);

/// Whose a host is that a request is sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostOwner {
    /// The server's own.
    Server,
    /// An app's.
    App {
        /// The app.
        app: Arc<str>,
        /// The function that answers all of its paths; `None`: a path begins with the function's name.
        function: Option<Arc<str>>,
    },
    /// It could be an app's, and no app has it.
    Unknown,
}

/// Where functions may go: `{allow?, deny?}`, or a list, which is the allow-list.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EgressSpec {
    /// Only these; every public host unless said otherwise.
    pub allow: Option<List<HostPattern, 0, 200>>,
    /// None of these, whatever the other list says.
    pub deny: Option<List<HostPattern, 0, 200>>,
}

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

impl Origin {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HostPattern {
    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }

    /// Written as URLs write it: names in lower case and punycode, addresses in their one spelling.
    fn parse(text: &str) -> Option<Self> {
        if text.len() > HOST_BYTES_MAX {
            return None;
        }
        let (prefix, rest) = text.strip_prefix("*.").map_or(("", text), |rest| ("*.", rest));
        let unfit =
            |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '@' | '?' | '#' | '\\' | '*' | '%');
        if rest.is_empty() || rest.contains(unfit) || rest.ends_with(':') {
            return None;
        }
        // With a scheme that has no default port, the parser keeps every port.
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
        Some(Self(format!("{prefix}{host}{port}")))
    }
}

impl HostName {
    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let HostPattern(host) = HostPattern::parse(text)?;
        let is_label = |label: &str| {
            (1..=LABEL_BYTES_MAX).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        // A last label of digits is that of an address.
        let last = host.rsplit('.').next()?;
        let is_name = host.len() <= NAME_BYTES_MAX
            && host.contains('.')
            && host.split('.').all(is_label)
            && last.bytes().any(|byte| byte.is_ascii_alphabetic());
        is_name.then_some(Self(host))
    }
}

/// As browsers write it: a scheme, a host in lower case, a port where it is not the scheme's own, and nothing else.
fn is_origin(text: &str) -> bool {
    if text == "*" {
        return true;
    }
    let plain = text.replacen("://*.", "://", 1);
    text.len() <= ORIGIN_BYTES_MAX
        && Url::parse(&plain).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.origin().ascii_serialization() == plain
        })
}

impl<'de> Deserialize<'de> for Origin {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if is_origin(&text) {
            return Ok(Self(text));
        }
        Err(D::Error::custom(
            "must be `*` or an origin such as https://app.example, with *. in front of the host for all below it, and without a path",
        ))
    }
}

impl<'de> Deserialize<'de> for HostPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom(
                "must be a host such as api.example, *.example for all below it, or an address, each with or without a port",
            )
        })
    }
}

impl<'de> Deserialize<'de> for HostName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            D::Error::custom("must be the name of a host such as shop.example, without a port")
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default)]
    allow: Option<List<HostPattern, 0, 200>>,
    #[serde(default)]
    deny: Option<List<HostPattern, 0, 200>>,
}

struct ListOrLists;

impl<'de> Visitor<'de> for ListOrLists {
    type Value = EgressSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<EgressSpec, A::Error> {
        let allow = List::deserialize(SeqAccessDeserializer::new(items))?;
        Ok(EgressSpec { allow: Some(allow), deny: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<EgressSpec, A::Error> {
        let Lists { allow, deny } = Lists::deserialize(MapAccessDeserializer::new(members))?;
        Ok(EgressSpec { allow, deny })
    }
}

impl<'de> Deserialize<'de> for EgressSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListOrLists)
    }
}

impl JsonSchema for Origin {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Origin".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": ORIGIN_BYTES_MAX,
            "pattern": "^(\\*|https?://[^/?#@\\\\\\s]+)$" })
    }
}

impl JsonSchema for HostPattern {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HostPattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": HOST_BYTES_MAX,
            "minLength": 1, "pattern": "^[^/?#@%\\\\\\s]+$" })
    }
}

impl JsonSchema for HostName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "HostName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "maxLength": NAME_BYTES_MAX,
            "pattern": "^[^/?#@%:*\\\\\\s]+\\.[^/?#@%:*\\\\\\s]+$" })
    }
}

impl JsonSchema for EgressSpec {
    fn schema_name() -> Cow<'static, str> {
        "EgressSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let hosts = generator.subschema_for::<List<HostPattern, 0, 200>>();
        let optional = generator.subschema_for::<Option<List<HostPattern, 0, 200>>>();
        json_schema!({ "oneOf": [
            { "type": "object", "properties": { "allow": optional, "deny": optional }, "additionalProperties": false },
            hosts,
        ] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::decode;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sent {
        #[serde(default)]
        cors_origins: Option<List<Origin, 0, 50>>,
        #[serde(default)]
        egress: Option<EgressSpec>,
    }

    fn read(sent: Value) -> Result<Sent, String> {
        decode::value(sent, "").map_err(|error| error.message().to_owned())
    }

    #[test]
    fn only_origins_are_origins() {
        for good in ["*", "https://a.example", "http://localhost:3000", "https://*.a.example"] {
            let sent = read(json!({"cors_origins": [good]})).unwrap();
            assert_eq!(sent.cors_origins.unwrap()[0].as_str(), good);
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
            let error = read(json!({"cors_origins": ["*", bad]})).unwrap_err();
            assert!(error.starts_with("cors_origins[1]: "), "{bad}: {error}");
        }
        assert!(read(json!({"cors_origins": vec!["*"; 51]})).is_err());
    }

    #[test]
    fn only_names_are_names_of_hosts() {
        let long = format!("{}.example", "a".repeat(LABEL_BYTES_MAX));
        let parts = vec!["a".repeat(60); 4].join(".");
        let longest = format!("{parts}.{}", "b".repeat(NAME_BYTES_MAX - parts.len() - 1));
        for (text, name) in [
            ("shop.example", "shop.example"),
            ("Shop.Example.", "shop.example"),
            ("b\u{fc}cher.example", "xn--bcher-kva.example"),
            (&*long, &*long),
            (&*longest, &*longest),
        ] {
            assert_eq!(HostName::parse(text), Some(HostName(name.to_owned())), "{text}");
        }
        for bad in [
            "",
            "localhost",
            "192.0.2.7",
            "1.2.3",
            "[::1]",
            "*.shop.example",
            "shop.example:80",
            "a b.example",
            "a/b.example",
            "a_b.example",
            "-a.example",
            "a-.example",
            "a..example",
            "http://a.example",
            &format!("a{long}"),
            &format!("{longest}b"),
        ] {
            assert_eq!(HostName::parse(bad), None, "{bad}");
        }
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
            let error = read(json!({"egress": {"deny": ["ok.example", bad]}})).unwrap_err();
            assert!(error.starts_with("egress.deny[1]: "), "{bad}: {error}");
        }
        assert!(read(json!({"egress": vec!["a.example"; 201]})).is_err());
        assert!(read(json!({"egress": {"allowed": []}})).unwrap_err().starts_with("egress.allowed: "));
        assert!(read(json!({"egress": 1})).unwrap_err().starts_with("egress: expected an object"));
        let list = read(json!({"egress": ["A.example:80"]})).unwrap().egress.unwrap();
        assert_eq!(list.allow.unwrap().into_vec(), [HostPattern("a.example:80".into())]);
    }
}
