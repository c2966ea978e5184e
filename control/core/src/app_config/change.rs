//! A change of an app's settings: each that is named is replaced as a whole.

use mayfly_api::config::{AuthSpec, PatchConfig};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::value::List;
use mayfly_egress::EgressLists;
use mayfly_quota::AppLimits;
use mayfly_secrets::KeyRing;
use serde_json::{Map, Value};

use super::AppConfig;
use super::cors::Origins;
use super::issuer::Issuer;

/// What `PATCH .../config` asks for.
#[derive(Debug, PartialEq)]
pub(crate) struct ConfigChange {
    /// The kill switch, and why.
    pub(crate) pause: Option<(bool, Option<String>)>,
    /// Members of the stored object that are replaced.
    pub(crate) settings: Map<String, Value>,
}

/// Who asks, and about what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChangeContext<'a> {
    pub(crate) app: &'a str,
    /// The operator's limits are another layer than the owner's.
    pub(crate) by_operator: bool,
    pub(crate) keyring: &'a KeyRing,
    pub(crate) present: &'a AppConfig,
}

impl ConfigChange {
    /// Check what was asked for.
    pub(crate) fn of(patch: PatchConfig, context: ChangeContext<'_>) -> ApiResult<Self> {
        let pause = pause(&patch)?;
        let mut settings = Map::new();
        if let Some(origins) = patch.cors_origins {
            insert(&mut settings, "cors_origins", &Origins::of(&origins))?;
        }
        if let Some(egress) = patch.egress {
            insert(&mut settings, "egress", &EgressLists::of(egress))?;
        }
        if let Some(limits) = patch.limits {
            let name = if context.by_operator { "operator_limits" } else { "limits" };
            insert(&mut settings, name, &AppLimits::of(&limits, context.by_operator)?)?;
        }
        if let Some(auth) = patch.auth {
            insert(&mut settings, "issuers", &issuers(auth.0, context)?)?;
        }
        if pause.is_none() && settings.is_empty() && patch.hosts.is_none() {
            return Err(ApiError::invalid(
                "",
                "nothing to change: set paused, cors_origins, egress, limits, auth or hosts",
            ));
        }
        Ok(Self { pause, settings })
    }
}

fn insert<T: serde::Serialize>(settings: &mut Map<String, Value>, name: &str, value: &T) -> ApiResult<()> {
    settings.insert(name.to_owned(), serde_json::to_value(value).map_err(ApiError::internal)?);
    Ok(())
}

fn pause(patch: &PatchConfig) -> ApiResult<Option<(bool, Option<String>)>> {
    let reason = patch.reason.as_deref();
    match patch.paused {
        None if reason.is_none() => Ok(None),
        None => Err(ApiError::invalid("paused", "is required")),
        Some(paused) => {
            Ok(Some((paused, reason.filter(|reason| paused && !reason.is_empty()).map(str::to_owned))))
        }
    }
}

fn issuers(auth: AuthSpec, context: ChangeContext<'_>) -> ApiResult<Vec<Issuer>> {
    let list = auth.issuers.map(List::into_vec).unwrap_or_default();
    let mut issuers: Vec<Issuer> = Vec::with_capacity(list.len());
    for (place, spec) in list.into_iter().enumerate() {
        let path = format!("auth.issuers[{place}]");
        let issuer = Issuer::of(spec.0, &path, context.app, context.keyring, &context.present.issuers)?;
        if issuers.iter().any(|known| known.issuer == issuer.issuer) {
            return Err(ApiError::invalid(&format!("{path}.issuer"), "is there twice"));
        }
        issuers.push(issuer);
    }
    Ok(issuers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(sent: Value, by_operator: bool) -> Result<ConfigChange, String> {
        let dir = tempfile::tempdir().unwrap();
        let keyring = KeyRing::load_or_create(&dir.path().join("k")).unwrap();
        let present = AppConfig::default();
        let context =
            ChangeContext { app: "app_0123456789ab", by_operator, keyring: &keyring, present: &present };
        mayfly_api::decode::body(sent.to_string().as_bytes())
            .and_then(|patch| ConfigChange::of(patch, context))
            .map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_change_is_read_strictly() {
        let paused = read(json!({"paused": true, "reason": "billing"}), false).unwrap();
        assert_eq!(paused.pause, Some((true, Some("billing".into()))));
        assert_eq!(read(json!({"paused": false, "reason": "x"}), false).unwrap().pause, Some((false, None)));
        let all = json!({"cors_origins": ["*"], "egress": {"allow": ["a.example"]}, "limits": {"concurrency": 5},
            "auth": {"issuers": [{"issuer": "i", "jwks_url": "https://i"}]}});
        let names = |change: ConfigChange| change.settings.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(read(all.clone(), false).unwrap()), ["cors_origins", "egress", "issuers", "limits"]);
        assert_eq!(names(read(all, true).unwrap()), ["cors_origins", "egress", "issuers", "operator_limits"]);
        let twice = json!({"issuer": "i", "jwks_url": "https://i"});
        for (sent, path) in [
            (json!({}), "nothing to change"),
            (json!({"reason": "x"}), "paused: is required"),
            (json!({"paused": "yes"}), "paused: expected"),
            (json!({"paused": true, "pause": true}), "pause: is not a known field; did you mean `paused`?"),
            (json!({"paused": true, "reason": "x".repeat(501)}), "reason: must have"),
            (json!({"cors_origins": "*"}), "cors_origins: expected a list"),
            (json!({"egress": 1}), "egress: "),
            (json!({"limits": {"weight": 2}}), "limits.weight: "),
            (json!({"limits": {"concurrency": 0}}), "limits.concurrency: "),
            (json!({"auth": {"issuer": "i"}}), "auth.issuer: is not a known field"),
            (json!({"auth": {"issuers": [twice, twice]}}), "auth.issuers[1].issuer: is there twice"),
        ] {
            let message = read(sent.clone(), false).unwrap_err();
            assert!(message.starts_with(path), "{sent}: {message}");
        }
    }
}
