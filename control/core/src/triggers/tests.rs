//! What deploys may say of triggers, and how mistakes are named.

use serde_json::json;

use super::*;

#[derive(serde::Deserialize)]
struct Sent {
    #[serde(default)]
    trigger: Option<Object<TriggerSpec>>,
    #[serde(default)]
    triggers: Option<List<Object<TriggerSpec>, 1, 5>>,
}

fn of(sent: Value) -> ApiResult<Option<Vec<Trigger>>> {
    let sent: Sent = mayfly_api::decode::body(sent.to_string().as_bytes())?;
    read(sent.trigger, sent.triggers)
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
fn a_cron_trigger_is_stored_with_its_defaults() {
    let sent = json!({"trigger": {"type": "cron", "config": {"schedule": " 0 9 * * 1-5 "}}});
    let triggers = of(sent).unwrap().unwrap();
    assert_eq!(
        triggers[0].config,
        json!({"schedule": "0 9 * * 1-5", "timezone": "UTC", "overlap": "skip", "catchup": "last", "retries": 0,
            "backoff_seconds": 10})
    );
}

#[test]
fn a_websocket_trigger_is_stored_with_its_event_or_without_one() {
    let of_event =
        of(json!({"trigger": {"type": "websocket", "config": {"event": "chat"}}})).unwrap().unwrap();
    assert_eq!(of_event[0].config, json!({"event": "chat"}));
    assert_eq!(
        of(json!({"trigger": {"type": "websocket"}})).unwrap().unwrap()[0].config,
        json!({"event": null})
    );
}

#[test]
fn the_list_wins_and_names_each_type_once() {
    let both = json!({"trigger": {"type": "webhook"}, "triggers": [{"type": "http"}]});
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
            "triggers[0].config.schedule: must have five fields",
        ),
        (
            json!({"trigger": {"type": "cron", "config": {"schedule": "61 * * * *"}}}),
            "trigger.config.schedule: the minute field: ",
        ),
        (
            json!({"trigger": {"type": "cron", "config": {"schedule": "0 0 30 2 *"}}}),
            "trigger.config.schedule: never comes",
        ),
        (
            json!({"trigger": {"type": "cron", "config": {"schedule": "@daily", "timezone": "Mars/Olympus"}}}),
            "trigger.config.timezone: is not an IANA time zone",
        ),
        (
            json!({"trigger": {"type": "cron", "config": {"schedule": "@daily", "overlap": "maybe"}}}),
            "trigger.config.overlap: must be one of",
        ),
        (
            json!({"trigger": {"type": "cron", "config": {"schedule": "@daily", "retries": 11}}}),
            "trigger.config.retries: ",
        ),
        (json!({"trigger": {"type": "cron"}}), "trigger.config.schedule: is required"),
        (json!({"trigger": {"type": "webhook", "config": {"provider": "x"}}}), "trigger.config.provider: "),
        (json!({"trigger": {"type": "webhook"}}), "trigger.config.provider: is required"),
        (
            json!({"triggers": [{"type": "webhook", "config": {"provider": "discord", "secret": "x"}}]}),
            "triggers[0].config.secret: must be the application's public key",
        ),
        (json!({"trigger": {"type": "websocket", "config": {"event": ""}}}), "trigger.config.event: "),
        (
            json!({"trigger": {"type": "websocket", "config": {"event": "x".repeat(201)}}}),
            "trigger.config.event: ",
        ),
        (json!({"trigger": {"type": "s3_upload"}}), "trigger.config.bucket: "),
    ] {
        let error = of(body.clone()).unwrap_err();
        assert!(error.message().starts_with(path), "{body}: {}", error.message());
        assert_eq!(error.code(), Code::ValidationInvalidSchema);
    }
}

/// A kind that nothing starts functions by.
struct Never;

impl TriggerUnit for Never {
    const KIND: TriggerKind = TriggerKind::S3Upload;
    const AVAILABLE: bool = false;
    type Config = Map<String, Value>;
    type Stored = Map<String, Value>;

    fn check(config: Self::Config, _: &str) -> ApiResult<Self::Stored> {
        Ok(config)
    }
}

#[test]
fn what_would_never_fire_is_refused_by_name() {
    let error = read_config::<Never>(Map::new(), "triggers[1]").unwrap_err();
    assert_eq!(error.code(), Code::ValidationTriggerUnavailable);
    assert!(error.message().contains("not available"), "{}", error.message());
}
