//! Config of a webhook trigger.

use http::HeaderName;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::triggers::{TriggerKind, WebhookProvider, WebhookTriggerConfig};
use mayfly_api::value::Text;
use mayfly_common::cidr::Cidr;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::providers::parse_secret;
use crate::triggers::TriggerUnit;

/// What a secret is shown as; sent back, it keeps the present one.
pub(super) const HIDDEN: &str = "***";

const TOLERANCE_SECONDS: u32 = 300;
const RETRIES: u32 = 5;
const BACKOFF_SECONDS: u32 = 10;
const RETENTION_DAYS: u32 = 30;

/// The kind.
pub(crate) struct Webhook;

/// What is kept of a config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredWebhookConfig {
    pub(super) provider: WebhookProvider,
    pub(super) secret_required: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature_header: Option<String>,
    pub(super) tolerance_seconds: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) idempotency_key_header: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) allowed_sources: Vec<String>,
    #[serde(rename = "async")]
    pub(super) is_async: bool,
    pub(super) retries: u32,
    pub(super) backoff_seconds: u32,
    pub(super) retention_days: u32,
    /// As they were sent: only between the check of a deploy and [`seal`](super::seal).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<String>,
    /// A JSON list of them, encrypted for the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secrets_sealed: Option<String>,
    /// How many they are.
    #[serde(default)]
    pub(super) secret_count: usize,
}

impl StoredWebhookConfig {
    /// As it was stored.
    pub(super) fn read(config: &Value) -> Option<Self> {
        Self::deserialize(config).ok()
    }

    /// As it is shown: without its secrets.
    pub(super) fn shown(&self) -> Value {
        let mut shown = json!(self);
        if let Value::Object(members) = &mut shown {
            for hidden in ["secrets", "secrets_sealed", "secret_count"] {
                members.remove(hidden);
            }
            if !self.is_async {
                for unused in ["retries", "backoff_seconds"] {
                    members.remove(unused);
                }
            }
            match self.secret_count {
                0 => {}
                1 => drop(members.insert("secret".to_owned(), HIDDEN.into())),
                count => drop(members.insert("secrets".to_owned(), vec![HIDDEN; count].into())),
            }
        }
        shown
    }
}

impl TriggerUnit for Webhook {
    const KIND: TriggerKind = TriggerKind::Webhook;
    const AVAILABLE: bool = true;
    type Config = WebhookTriggerConfig;
    type Stored = StoredWebhookConfig;

    fn check(config: WebhookTriggerConfig, path: &str) -> ApiResult<StoredWebhookConfig> {
        let at = |field: &str| format!("{path}.{field}");
        let secrets = secrets(&config, path)?;
        let provider = config.provider;
        if config.signature_header.is_some() && provider != WebhookProvider::Custom {
            let message = format!("is for the provider custom: {provider} has a header of its own");
            return Err(ApiError::invalid(&at("signature_header"), message));
        }
        let is_async = config.is_async.unwrap_or(false);
        for (field, is_set) in
            [("retries", config.retries.is_some()), ("backoff_seconds", config.backoff_seconds.is_some())]
        {
            if is_set && !is_async {
                let message = "is for `async: true`: otherwise the sender delivers again";
                return Err(ApiError::invalid(&at(field), message));
            }
        }
        let sources = config.allowed_sources.unwrap_or_default().into_vec();
        let sources: Vec<String> = sources.into_iter().map(Text::into_string).collect();
        for (place, source) in sources.iter().enumerate() {
            source.parse::<Cidr>().map_err(|_| {
                let message = "must be an address, or a network such as 192.0.2.0/24";
                ApiError::invalid(&format!("{}[{place}]", at("allowed_sources")), message)
            })?;
        }
        Ok(StoredWebhookConfig {
            provider,
            secret_required: config.secret_required.unwrap_or(true),
            signature_header: header(config.signature_header, &at("signature_header"))?,
            tolerance_seconds: config.tolerance_seconds.map_or(TOLERANCE_SECONDS, |seconds| seconds.get()),
            idempotency_key_header: header(config.idempotency_key_header, &at("idempotency_key_header"))?,
            allowed_sources: sources,
            is_async,
            retries: if is_async { config.retries.map_or(RETRIES, |retries| retries.get()) } else { 0 },
            backoff_seconds: config.backoff_seconds.map_or(BACKOFF_SECONDS, |seconds| seconds.get()),
            retention_days: config.retention_days.map_or(RETENTION_DAYS, |days| days.get()),
            secret_count: secrets.len(),
            secrets,
            secrets_sealed: None,
        })
    }
}

/// The secrets that were sent; none where the present ones stay.
fn secrets(config: &WebhookTriggerConfig, path: &str) -> ApiResult<Vec<String>> {
    let (field, sent): (&str, Vec<&str>) = match (&config.secret, &config.secrets) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid(path, "has either a secret or secrets, not both"));
        }
        (Some(secret), None) => ("secret", vec![secret]),
        (None, Some(secrets)) => ("secrets", secrets.iter().map(|secret| &**secret).collect()),
        (None, None) => return Ok(Vec::new()),
    };
    if sent.iter().all(|secret| *secret == HIDDEN) {
        return Ok(Vec::new());
    }
    for (place, secret) in sent.iter().enumerate() {
        let path = match field {
            "secret" => format!("{path}.secret"),
            _ => format!("{path}.secrets[{place}]"),
        };
        if *secret == HIDDEN {
            return Err(ApiError::invalid(
                &path,
                "stands for a secret that is not shown: send all of them, or none",
            ));
        }
        parse_secret(config.provider, secret).map_err(|why| ApiError::invalid(&path, why))?;
    }
    Ok(sent.into_iter().map(str::to_owned).collect())
}

/// A header's name, in lower case.
fn header(name: Option<Text<1, 100>>, path: &str) -> ApiResult<Option<String>> {
    let Some(name) = name else { return Ok(None) };
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| ApiError::invalid(path, "must be the name of a header"))?;
    Ok(Some(name.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(config: Value) -> Result<StoredWebhookConfig, String> {
        mayfly_api::decode::value(config, "c")
            .and_then(|config| Webhook::check(config, "c"))
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn defaults_are_filled_in_and_secrets_are_not_shown() {
        let stored = check(json!({"provider": "stripe", "secret": "whsec_x"})).unwrap();
        assert_eq!(stored.secrets, ["whsec_x"]);
        assert_eq!(
            stored.shown(),
            json!({"provider": "stripe", "secret": "***", "secret_required": true, "tolerance_seconds": 300,
                "async": false, "retention_days": 30})
        );
        let two = check(json!({"provider": "github", "secrets": ["a", "b"], "async": true})).unwrap();
        assert_eq!((two.retries, two.shown()["secrets"].clone()), (5, json!(["***", "***"])));
        assert!(!two.shown().to_string().contains("sealed"));
        assert_eq!(StoredWebhookConfig::read(&json!(two)), Some(two));
        let shown_again = check(json!({"provider": "github", "secrets": ["***", "***"]})).unwrap();
        assert!(shown_again.secrets.is_empty());
    }

    #[test]
    fn every_field_is_checked_at_its_bounds() {
        let with = |name: &str, value: Value| {
            let mut config = json!({"provider": "custom", "secret": "x", "async": true});
            config[name] = value;
            config
        };
        for (name, good) in [
            ("secret", json!("x".repeat(1_000))),
            ("signature_header", json!("X-Mine")),
            ("tolerance_seconds", json!(86_400)),
            ("idempotency_key_header", json!("x-id")),
            ("secret_required", json!(false)),
            ("allowed_sources", json!(["192.0.2.1", "192.0.2.0/24", "2001:db8::/32", "::1"])),
            ("retries", json!(20)),
            ("backoff_seconds", json!(0)),
            ("retention_days", json!(90)),
        ] {
            assert!(check(with(name, good)).is_ok(), "{name}");
        }
        for (config, expected) in [
            (json!({}), "c.provider: is required"),
            (json!({"provider": "paypal", "secret": "x"}), "c.provider: must be one of stripe, github"),
            (with("secret", json!("")), "c.secret: must have 1 to 1000"),
            (with("secret", json!("x".repeat(1_001))), "c.secret: must have 1 to 1000"),
            (with("secrets", json!(["a"])), "c: has either"),
            (json!({"provider": "github", "secrets": []}), "c.secrets: must name at least one"),
            (
                json!({"provider": "github", "secrets": ["a", "b", "c", "d", "e", "f"]}),
                "c.secrets: may have 5",
            ),
            (json!({"provider": "github", "secrets": ["***", "b"]}), "c.secrets[0]: stands for"),
            (
                json!({"provider": "discord", "secret": "abc"}),
                "c.secret: must be the application's public key",
            ),
            (json!({"provider": "standard", "secrets": ["whsec_AAAA", "%"]}), "c.secrets[1]: must be whsec_"),
            (json!({"provider": "telegram", "secret": "a b"}), "c.secret: must have 1 to 256 letters"),
            (with("signature_header", json!("a b")), "c.signature_header: must be the name"),
            (with("signature_header", json!("a\r\nb")), "c.signature_header: must be the name"),
            (
                json!({"provider": "github", "secret": "x", "signature_header": "x-mine"}),
                "c.signature_header: is for the provider custom",
            ),
            (with("tolerance_seconds", json!(0)), "c.tolerance_seconds: must be"),
            (with("tolerance_seconds", json!(86_401)), "c.tolerance_seconds: must be"),
            (with("idempotency_key_header", json!("\u{e9}")), "c.idempotency_key_header: must be"),
            (with("allowed_sources", json!([])), "c.allowed_sources: must name"),
            (with("allowed_sources", json!(["192.0.2.0/33"])), "c.allowed_sources[0]: must be an address"),
            (with("allowed_sources", json!(["::1", "example.com"])), "c.allowed_sources[1]: must be"),
            (with("allowed_sources", json!(vec!["::1"; 101])), "c.allowed_sources: may have 100"),
            (with("retries", json!(21)), "c.retries: must be"),
            (with("backoff_seconds", json!(3_601)), "c.backoff_seconds: must be"),
            (json!({"provider": "github", "secret": "x", "retries": 1}), "c.retries: is for `async: true`"),
            (with("retention_days", json!(0)), "c.retention_days: must be"),
            (with("retention_days", json!(91)), "c.retention_days: must be"),
            (with("async", json!("yes")), "c.async: expected true or false"),
            (with("toleranse_seconds", json!(1)), "c.toleranse_seconds: is not a known field; did you mean"),
        ] {
            let message = check(config.clone()).unwrap_err();
            assert!(message.starts_with(expected), "{config}: {message}");
        }
    }
}
