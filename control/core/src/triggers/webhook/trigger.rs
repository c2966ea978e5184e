//! A webhook trigger as deliveries are checked against it; and its secrets, which are encrypted for its function.

use std::net::IpAddr;

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::triggers::{Trigger, TriggerKind};
use mayfly_common::cidr::Cidr;
use mayfly_secrets::KeyRing;
use serde_json::json;

use super::config::StoredWebhookConfig;
use super::providers::{self, parse_secret};
use super::signature::{InvocationTerms, SignatureFault, Unverified, WebhookSecret};

/// Under which name a trigger's secrets are encrypted: no variable can be called so.
pub(crate) const SECRETS_NAME: &str = "=webhook";

/// A function's enabled webhook trigger.
pub(super) struct WebhookTrigger {
    /// Its config.
    pub(super) config: StoredWebhookConfig,
    secrets: Vec<WebhookSecret>,
}

impl WebhookTrigger {
    /// The enabled one among a function's triggers, with its secrets decrypted.
    ///
    /// # Errors
    /// 404 where there is none, 500 where it cannot be read.
    pub(super) fn of(keyring: &KeyRing, app: &str, function: &str, triggers: &[Trigger]) -> ApiResult<Self> {
        let config = enabled(triggers)?;
        let mut secrets = Vec::new();
        if let Some(sealed) = &config.secrets_sealed {
            let text = keyring.decrypt(app, Some(function), SECRETS_NAME, sealed)?;
            let texts: Vec<String> = serde_json::from_str(&text).map_err(ApiError::internal)?;
            for text in texts {
                secrets.push(parse_secret(config.provider, &text).map_err(ApiError::internal)?);
            }
        } else if config.secret_required {
            return Err(ApiError::internal("a webhook trigger has no secret"));
        }
        Ok(Self { config, secrets })
    }

    /// Whether a delivery is the provider's. Without a secret there is nothing to check it with.
    pub(super) fn verify(&self, delivery: &Unverified<'_>, now: i64) -> Result<(), SignatureFault> {
        if self.secrets.is_empty() && !self.config.secret_required {
            return Ok(());
        }
        let terms = InvocationTerms {
            now,
            tolerance_seconds: self.config.tolerance_seconds,
            signature_header: self.config.signature_header.as_deref(),
        };
        providers::verify(self.config.provider, delivery, &self.secrets, &terms)
    }
}

/// The config of the enabled webhook trigger among these.
pub(super) fn enabled(triggers: &[Trigger]) -> ApiResult<StoredWebhookConfig> {
    let trigger = triggers.iter().find(|trigger| trigger.kind == TriggerKind::Webhook && trigger.enabled);
    // A function without a webhook trigger is not to be told from one that is not there.
    let trigger = trigger.ok_or_else(|| ApiError::not_found("the webhook"))?;
    StoredWebhookConfig::read(&trigger.config)
        .ok_or_else(|| ApiError::internal("a stored webhook config cannot be read"))
}

/// Refuse an address that may not deliver.
pub(super) fn check_source(config: &StoredWebhookConfig, peer: IpAddr) -> ApiResult<()> {
    let sources = &config.allowed_sources;
    let fits = |source: &String| source.parse::<Cidr>().is_ok_and(|source| source.contains(peer));
    if sources.is_empty() || sources.iter().any(fits) {
        return Ok(());
    }
    Err(ApiError::new(Code::AuthForbidden, format!("{peer} is none of the addresses that may deliver"))
        .with_details(json!({ "reason": "source_not_allowed" })))
}

/// Encrypt the secrets of a webhook trigger that is being deployed. Without new ones, those of `known` stay, which is
/// the function's present trigger; `path` is where the config stands in the request.
///
/// # Errors
/// Where a secret is required and there is none, and where none can be encrypted.
pub(crate) fn seal(
    keyring: &KeyRing,
    app: &str,
    function: &str,
    trigger: &mut Trigger,
    known: Option<&Trigger>,
    path: &str,
) -> ApiResult<()> {
    let mut config = StoredWebhookConfig::read(&trigger.config)
        .ok_or_else(|| ApiError::internal("a checked webhook config cannot be read"))?;
    let secrets = std::mem::take(&mut config.secrets);
    if secrets.is_empty() {
        let known = known.and_then(|known| StoredWebhookConfig::read(&known.config));
        if let Some(known) = known.filter(|known| known.provider == config.provider) {
            (config.secrets_sealed, config.secret_count) = (known.secrets_sealed, known.secret_count);
        }
        if config.secrets_sealed.is_none() && config.secret_required {
            let message = "is required: what the provider signs with; or set `secret_required` to false";
            return Err(ApiError::invalid(&format!("{path}.secret"), message));
        }
    } else {
        let text = zeroize::Zeroizing::new(json!(secrets).to_string());
        config.secrets_sealed = Some(keyring.encrypt(app, Some(function), SECRETS_NAME, &text)?);
    }
    trigger.config = json!(config);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triggers::TriggerUnit as _;

    fn keyring() -> KeyRing {
        let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7_u8; 32]);
        KeyRing::of_text(&format!("k1:{key}")).unwrap()
    }

    fn checked(config: serde_json::Value) -> Trigger {
        let config = mayfly_api::decode::value(config, "c").unwrap();
        let stored = super::super::Webhook::check(config, "c").unwrap();
        Trigger { kind: TriggerKind::Webhook, config: json!(stored), enabled: true }
    }

    #[test]
    fn secrets_are_stored_encrypted_and_stay_unless_they_are_sent() {
        let keyring = keyring();
        let seal = |trigger: &mut Trigger, known: Option<&Trigger>| {
            seal(&keyring, "app", "hello", trigger, known, "trigger.config")
        };
        let mut first = checked(json!({"provider": "github", "secrets": ["first secret", "second secret"]}));
        seal(&mut first, None).unwrap();
        assert!(!first.config.to_string().contains("first secret"), "{}", first.config);
        let read = |trigger: &Trigger, function: &str| {
            let triggers = std::slice::from_ref(trigger);
            WebhookTrigger::of(&keyring, "app", function, triggers).map(|trigger| trigger.secrets.len())
        };
        assert_eq!(read(&first, "hello").unwrap(), 2);
        assert_eq!(read(&first, "other").unwrap_err().code(), Code::SecretsUnavailable, "another function's");
        for kept in [json!({"provider": "github"}), json!({"provider": "github", "secret": "***"})] {
            let mut again = checked(kept);
            seal(&mut again, Some(&first)).unwrap();
            assert_eq!(read(&again, "hello").unwrap(), 2);
        }
        for (config, known) in
            [(json!({"provider": "github"}), None), (json!({"provider": "stripe"}), Some(&first))]
        {
            let refused = seal(&mut checked(config), known).unwrap_err();
            assert!(
                refused.message().starts_with("trigger.config.secret: is required"),
                "{}",
                refused.message()
            );
        }
        let mut open = checked(json!({"provider": "custom", "secret_required": false}));
        seal(&mut open, None).unwrap();
        assert_eq!(read(&open, "hello").unwrap(), 0);
        first.enabled = false;
        assert_eq!(read(&first, "hello").unwrap_err().code(), Code::ResourceNotFound);
    }

    #[test]
    fn addresses_beside_the_list_are_refused() {
        let config = |sources: serde_json::Value| {
            let trigger = checked(json!({"provider": "github", "secret": "x", "allowed_sources": sources}));
            StoredWebhookConfig::read(&trigger.config).unwrap()
        };
        let listed = config(json!(["192.0.2.0/24", "2001:db8::1"]));
        for (peer, fits) in [
            ("192.0.2.255", true),
            ("::ffff:192.0.2.7", true),
            ("192.0.3.0", false),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(check_source(&listed, peer.parse().unwrap()).is_ok(), fits, "{peer}");
        }
        assert!(check_source(&config(serde_json::Value::Null), "192.0.2.1".parse().unwrap()).is_ok());
    }
}
