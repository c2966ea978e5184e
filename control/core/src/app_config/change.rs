//! A change of an app's settings: read strictly, each field replaced as a whole.

use serde_json::{Map, Value};

use super::issuer::{ISSUERS_MAX, Issuer};
use super::{AppConfig, Origins};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;
use mayfly_egress::EgressLists;
use mayfly_quota::AppLimits;
use mayfly_secrets::KeyRing;

/// What `PATCH .../config` asks for.
#[derive(Debug, PartialEq)]
pub struct ConfigChange {
    /// The kill switch, and why.
    pub pause: Option<(bool, Option<String>)>,
    /// Members of the stored object that are replaced.
    pub settings: Map<String, Value>,
}

/// Who asks, and about what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) app: &'a str,
    /// The operator's limits are another layer than the owner's.
    pub(crate) by_operator: bool,
    pub(crate) keyring: &'a KeyRing,
    pub(crate) present: &'a AppConfig,
}

impl ConfigChange {
    /// Read `{paused?, reason?, cors_origins?, egress?, limits?, auth?}`, at least one of them.
    pub(crate) fn read(body: Value, context: Context<'_>) -> ApiResult<Self> {
        let mut fields = Fields::of(body, "")?;
        let pause = read_pause(&mut fields)?;
        let mut settings = Map::new();
        if let Some(list) = fields.list("cors_origins", usize::MAX)? {
            insert(&mut settings, "cors_origins", &Origins::read(&list, "cors_origins")?)?;
        }
        if let Some(egress) = fields.take("egress") {
            insert(&mut settings, "egress", &EgressLists::read(egress, "egress")?)?;
        }
        if let Some(limits) = fields.take("limits") {
            let name = if context.by_operator { "operator_limits" } else { "limits" };
            insert(&mut settings, name, &AppLimits::read(limits, "limits", context.by_operator)?)?;
        }
        if let Some(auth) = fields.take("auth") {
            insert(&mut settings, "issuers", &read_issuers(auth, context)?)?;
        }
        fields.finish()?;
        if pause.is_none() && settings.is_empty() {
            return Err(ApiError::invalid(
                "",
                "nothing to change: set paused, cors_origins, egress, limits or auth",
            ));
        }
        Ok(Self { pause, settings })
    }
}

fn insert<T: serde::Serialize>(settings: &mut Map<String, Value>, name: &str, value: &T) -> ApiResult<()> {
    settings.insert(name.to_owned(), serde_json::to_value(value).map_err(ApiError::internal)?);
    Ok(())
}

fn read_pause(fields: &mut Fields) -> ApiResult<Option<(bool, Option<String>)>> {
    let (paused, reason) = (fields.flag("paused")?, fields.text("reason", 0, 500)?);
    match (paused, reason) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(fields.missing("paused")),
        (Some(paused), reason) => Ok(Some((paused, reason.filter(|reason| paused && !reason.is_empty())))),
    }
}

fn read_issuers(auth: Value, context: Context<'_>) -> ApiResult<Vec<Issuer>> {
    let mut fields = Fields::of(auth, "auth")?;
    let list = fields.list("issuers", ISSUERS_MAX)?.unwrap_or_default();
    fields.finish()?;
    let mut issuers: Vec<Issuer> = Vec::with_capacity(list.len());
    for (place, item) in list.into_iter().enumerate() {
        let path = format!("auth.issuers[{place}]");
        let issuer = Issuer::read(item, &path, context.app, context.keyring, &context.present.issuers)?;
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

    fn read(body: Value, by_operator: bool) -> Result<ConfigChange, String> {
        let dir = tempfile::tempdir().unwrap();
        let keyring = KeyRing::load_or_create(&dir.path().join("k")).unwrap();
        let present = AppConfig::default();
        let context = Context { app: "app_0123456789ab", by_operator, keyring: &keyring, present: &present };
        ConfigChange::read(body, context).map_err(|error| error.message().to_owned())
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
        for (body, path) in [
            (json!({}), "nothing to change"),
            (json!({"reason": "x"}), "paused: is required"),
            (json!({"paused": "yes"}), "paused: expected"),
            (json!({"paused": true, "pause": true}), "pause: is not a known field"),
            (json!({"paused": true, "reason": "x".repeat(501)}), "reason: must have"),
            (json!({"cors_origins": "*"}), "cors_origins: expected a list"),
            (json!({"egress": 1}), "egress: "),
            (json!({"limits": {"weight": 2}}), "limits.weight: "),
            (json!({"limits": {"concurrency": 0}}), "limits.concurrency: "),
            (json!({"auth": {"issuer": "i"}}), "auth.issuer: is not a known field"),
            (json!({"auth": {"issuers": [twice, twice]}}), "auth.issuers[1].issuer: is there twice"),
        ] {
            let message = read(body.clone(), false).unwrap_err();
            assert!(message.starts_with(path), "{body}: {message}");
        }
    }
}
