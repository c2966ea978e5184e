//! `trigger` and `triggers` of a deploy: at most one of each type, each config checked, none that would never fire.

use http::Method;
use serde_json::{Map, Value};

use crate::invoke::{HttpAuth, TRIGGER_PATH_BYTES_MAX};
use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_api::fields::Fields;
use mayfly_store::{Trigger, TriggerKind};

const TYPES: &str = "http, cron, s3_upload, webhook, websocket";

/// Read both fields; `triggers` wins. `None` when neither is there.
pub(super) fn read(fields: &mut Fields) -> ApiResult<Option<Vec<Trigger>>> {
    let single = fields.take("trigger");
    let list = fields.list("triggers", TriggerKind::ALL.len())?;
    let items: Vec<(String, Value)> = match (list, single) {
        (Some(list), _) if list.is_empty() => {
            return Err(ApiError::invalid("triggers", "must name at least one"));
        }
        (Some(list), _) => {
            list.into_iter().enumerate().map(|(n, item)| (format!("triggers[{n}]"), item)).collect()
        }
        (None, Some(item)) => vec![("trigger".to_owned(), item)],
        (None, None) => return Ok(None),
    };
    let mut triggers: Vec<Trigger> = Vec::with_capacity(items.len());
    for (path, item) in items {
        let trigger = one(item, &path)?;
        if triggers.iter().any(|other| other.kind == trigger.kind) {
            let message = format!("there is another {} trigger already", trigger.kind.as_str());
            return Err(ApiError::invalid(&format!("{path}.type"), message));
        }
        triggers.push(trigger);
    }
    Ok(Some(triggers))
}

fn one(item: Value, path: &str) -> ApiResult<Trigger> {
    let mut fields = Fields::of(item, path)?;
    let kind = fields.choice("type", TYPES, TriggerKind::parse)?.ok_or_else(|| fields.missing("type"))?;
    let config = fields.object("config")?.unwrap_or_default();
    let enabled = fields.flag("enabled")?.unwrap_or(true);
    fields.finish()?;
    let config_path = format!("{path}.config");
    match kind {
        TriggerKind::Http => Ok(Trigger { kind, config: http(config, &config_path)?, enabled }),
        TriggerKind::Cron => cron(config, &config_path).and_then(|()| unavailable(kind, path)),
        TriggerKind::S3Upload => s3_upload(config, &config_path).and_then(|()| unavailable(kind, path)),
        TriggerKind::Webhook => webhook(config, &config_path).and_then(|()| unavailable(kind, path)),
        TriggerKind::Websocket => websocket(config, &config_path).and_then(|()| unavailable(kind, path)),
    }
}

/// Better refused than kept and never fired.
fn unavailable(kind: TriggerKind, path: &str) -> ApiResult<Trigger> {
    let message =
        format!("{path}: {} triggers are not available in this version of Mayfly yet", kind.as_str());
    Err(ApiError::new(Code::ValidationTriggerUnavailable, message)
        .with_details(serde_json::json!({ "path": format!("{path}.type"), "available": ["http"] })))
}

fn http(config: Map<String, Value>, path: &str) -> ApiResult<Value> {
    let mut stored = Map::new();
    let mut fields = Fields::of(Value::Object(config), path)?;
    let auth = fields
        .choice("auth", "required, optional, none", |word| HttpAuth::parse(word).map(|_| word.to_owned()))?;
    stored.insert("auth".into(), auth.unwrap_or_else(|| "required".to_owned()).into());
    if let Some(method) = fields.text("method", 1, 20)? {
        stored.insert("method".into(), http_method(&method, &fields.path_of("method"))?.into());
    }
    if let Some(own_path) = fields.text("path", 1, TRIGGER_PATH_BYTES_MAX)? {
        check_path(&own_path, &fields.path_of("path"))?;
        stored.insert("path".into(), own_path.into());
    }
    fields.finish()?;
    Ok(Value::Object(stored))
}

fn http_method(text: &str, path: &str) -> ApiResult<String> {
    let upper = text.to_ascii_uppercase();
    match Method::from_bytes(upper.as_bytes()) {
        Ok(
            Method::GET
            | Method::POST
            | Method::PUT
            | Method::PATCH
            | Method::DELETE
            | Method::HEAD
            | Method::OPTIONS,
        ) => Ok(upper),
        _ => Err(ApiError::invalid(path, "must be one of GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS")),
    }
}

/// A path is compared byte for byte with what the caller wrote, so it is held to what every caller writes alike.
fn check_path(own_path: &str, path: &str) -> ApiResult<()> {
    let plain = own_path.len() > 1
        && own_path.starts_with('/')
        && !own_path.contains("//")
        && own_path.bytes().all(|b| b.is_ascii_alphanumeric() || b"/-_.~".contains(&b))
        && own_path.split('/').all(|segment| segment != "." && segment != "..");
    if plain {
        Ok(())
    } else {
        Err(ApiError::invalid(path, "must begin with / and have only letters, digits and -_.~/ after it"))
    }
}

fn cron(config: Map<String, Value>, path: &str) -> ApiResult<()> {
    let mut fields = Fields::of(Value::Object(config), path)?;
    let schedule = fields.required_text("schedule", 1, 200)?;
    if !matches!(schedule.split_whitespace().count(), 5 | 6) {
        return Err(ApiError::invalid(&fields.path_of("schedule"), "must have five or six fields"));
    }
    fields.text("timezone", 1, 64)?;
    fields.choice("overlap", "skip, queue, allow", word_of(&["skip", "queue", "allow"]))?;
    fields.choice("catchup", "last, none, all", word_of(&["last", "none", "all"]))?;
    fields.finish()
}

fn websocket(config: Map<String, Value>, path: &str) -> ApiResult<()> {
    let mut fields = Fields::of(Value::Object(config), path)?;
    fields.text("event", 1, 200)?;
    fields.finish()
}

fn webhook(config: Map<String, Value>, path: &str) -> ApiResult<()> {
    let mut fields = Fields::of(Value::Object(config), path)?;
    let providers = "stripe, github, slack, twilio, discord, telegram, shopify, standard, custom";
    let parse = |word: &str| providers.split(", ").any(|provider| provider == word).then_some(());
    fields.choice("provider", providers, parse)?;
    fields.text("secret", 1, 1_000)?;
    fields.text("signature_header", 1, 100)?;
    fields.number("tolerance_seconds", 1, 86_400)?;
    fields.text("idempotency_key_header", 1, 100)?;
    fields.flag("secret_required")?;
    fields.list("allowed_sources", 100)?;
    fields.finish()
}

fn s3_upload(config: Map<String, Value>, path: &str) -> ApiResult<()> {
    let mut fields = Fields::of(Value::Object(config), path)?;
    fields.required_text("bucket", 3, 63)?;
    fields.text("prefix", 0, 1_024)?;
    fields.list("contentTypes", 100)?;
    fields.finish()
}

fn word_of(words: &'static [&'static str]) -> impl FnOnce(&str) -> Option<()> {
    move |word| words.contains(&word).then_some(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(body: Value) -> ApiResult<Option<Vec<Trigger>>> {
        let mut fields = Fields::of(body, "").unwrap();
        read(&mut fields)
    }

    #[test]
    fn an_http_trigger_is_stored_with_its_defaults() {
        let triggers = of(json!({"trigger": {"type": "http"}})).unwrap().unwrap();
        assert_eq!(triggers[0].config, json!({"auth": "required"}));
        let full = json!({"triggers": [{"type": "http", "enabled": false,
            "config": {"method": "post", "path": "/welcome", "auth": "none"}}]});
        let triggers = of(full).unwrap().unwrap();
        assert_eq!(triggers[0].config, json!({"auth": "none", "method": "POST", "path": "/welcome"}));
        assert!(!triggers[0].enabled);
        assert!(of(json!({})).unwrap().is_none());
    }

    #[test]
    fn the_list_wins_and_names_each_type_once() {
        let both = json!({"trigger": {"type": "cron"}, "triggers": [{"type": "http"}]});
        assert_eq!(of(both).unwrap().unwrap().len(), 1);
        let twice = of(json!({"triggers": [{"type": "http"}, {"type": "http"}]})).unwrap_err();
        assert!(twice.message().starts_with("triggers[1].type: "), "{}", twice.message());
    }

    #[test]
    fn mistakes_are_named_by_their_path() {
        for (body, path) in [
            (json!({"triggers": []}), "triggers: "),
            (json!({"trigger": "http"}), "trigger: expected an object"),
            (json!({"trigger": {}}), "trigger.type: is required"),
            (json!({"trigger": {"type": "email"}}), "trigger.type: must be one of"),
            (json!({"trigger": {"type": "http", "on": true}}), "trigger.on: "),
            (json!({"trigger": {"type": "http", "config": {"auth": "jwt"}}}), "trigger.config.auth: "),
            (json!({"trigger": {"type": "http", "config": {"method": "BREW"}}}), "trigger.config.method: "),
            (json!({"trigger": {"type": "http", "config": {"path": "welcome"}}}), "trigger.config.path: "),
            (json!({"trigger": {"type": "http", "config": {"path": "/a/../b"}}}), "trigger.config.path: "),
            (json!({"trigger": {"type": "http", "config": {"path": "/a%20b"}}}), "trigger.config.path: "),
            (json!({"trigger": {"type": "http", "config": {"x": 1}}}), "trigger.config.x: "),
            (
                json!({"triggers": [{"type": "cron", "config": {"schedule": "* *"}}]}),
                "triggers[0].config.schedule: ",
            ),
            (
                json!({"trigger": {"type": "webhook", "config": {"provider": "x"}}}),
                "trigger.config.provider: ",
            ),
            (json!({"trigger": {"type": "s3_upload"}}), "trigger.config.bucket: "),
        ] {
            let error = of(body.clone()).unwrap_err();
            assert!(error.message().starts_with(path), "{body}: {}", error.message());
            assert_eq!(error.code(), Code::ValidationInvalidSchema);
        }
    }

    #[test]
    fn what_would_never_fire_is_refused_by_name() {
        for item in [
            json!({"type": "cron", "config": {"schedule": "0 9 * * *"}}),
            json!({"type": "websocket"}),
            json!({"type": "webhook", "config": {"provider": "stripe", "secret": "x"}}),
            json!({"type": "s3_upload", "config": {"bucket": "photos"}}),
        ] {
            let error = of(json!({"triggers": [{"type": "http"}, item]})).unwrap_err();
            assert_eq!(error.code(), Code::ValidationTriggerUnavailable);
            assert!(error.message().contains("not available"), "{}", error.message());
        }
    }
}
