//! Triggers: what starts a function.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::value::{List, Number, Object, Text, Timestamp, words};

words! {
    /// What kind of event starts a function. At most one trigger of each kind a function.
    TriggerKind {
        /// A request to its URL.
        Http = "http",
        /// A point in time.
        Cron = "cron",
        /// An object in a bucket.
        S3Upload = "s3_upload",
        /// A signed request from a provider.
        Webhook = "webhook",
        /// A frame on the app's socket.
        Websocket = "websocket",
    }
}

/// A trigger, as a deploy asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerSpec {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: TriggerKind,
    /// Its type's config.
    #[serde(default)]
    pub config: Option<Map<String, Value>>,
    /// Whether it starts anything; it does unless said otherwise.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// A trigger, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trigger {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: TriggerKind,
    /// Its type's config, with defaults.
    #[schemars(schema_with = "any_object")]
    pub config: Value,
    /// Whether it starts anything.
    pub enabled: bool,
}

fn any_object(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object" })
}

words! {
    /// Who may call a function over http.
    HttpAuth {
        /// Only those who show who they are.
        Required = "required",
        /// Those who show nothing, too.
        Optional = "optional",
        /// Anyone; what they show is not looked at.
        None = "none",
    }
}

words! {
    /// What a function sees as its URL.
    HttpUrl {
        /// What the caller used.
        Whole = "whole",
        /// That without what leads to the function: the function is the root.
        Function = "function",
    }
}

words! {
    /// What happens when a slot comes while the last one runs.
    Overlap {
        /// The slot is skipped, and recorded as skipped.
        Skip = "skip",
        /// It runs after the last one.
        Queue = "queue",
        /// It runs beside it.
        Allow = "allow",
    }
}

words! {
    /// Which missed slots run later.
    Catchup {
        /// The last one.
        Last = "last",
        /// None.
        None = "none",
        /// Every one.
        All = "all",
    }
}

words! {
    /// Whose signature a webhook carries.
    WebhookProvider {
        /// Stripe.
        Stripe = "stripe",
        /// GitHub.
        Github = "github",
        /// Slack.
        Slack = "slack",
        /// Twilio.
        Twilio = "twilio",
        /// Discord.
        Discord = "discord",
        /// Telegram.
        Telegram = "telegram",
        /// Shopify.
        Shopify = "shopify",
        /// Standard Webhooks.
        Standard = "standard",
        /// A header of the sender's own.
        Custom = "custom",
    }
}

/// The triggers of an app.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerList {
    /// By function, then by type.
    pub triggers: Vec<TriggerStatus>,
}

words! {
    /// Whether a trigger starts its function.
    TriggerActivation {
        /// It does.
        Active = "active",
        /// It is disabled in its config.
        Disabled = "disabled",
        /// The app is paused.
        Paused = "paused",
    }
}

/// A trigger of an app, and how it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerStatus {
    /// The function that it starts.
    pub function: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: TriggerKind,
    /// Its type's config, with defaults; secrets are not shown.
    #[schemars(schema_with = "any_object")]
    pub config: Value,
    /// Whether it starts its function.
    pub state: TriggerActivation,
    /// When it fires next; of cron triggers alone.
    pub next_run: Option<Timestamp>,
    /// Its last invocation, as far as records are kept.
    pub last_run: Option<TriggerRun>,
}

/// An invocation that a trigger started.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TriggerRun {
    /// `inv_...`
    pub invocation_id: String,
    /// When it began.
    pub started_at: Timestamp,
    /// Its response's status; none where it failed without a response.
    pub status: Option<u16>,
    /// The code of its failure.
    pub error_code: Option<String>,
}

/// Config of an http trigger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpTriggerConfig {
    /// Who may call; `required` unless said otherwise.
    #[serde(default)]
    pub auth: Option<HttpAuth>,
    /// The one method it takes: GET, POST, PUT, PATCH, DELETE, HEAD or OPTIONS.
    #[serde(default)]
    pub method: Option<Text<1, 20>>,
    /// A path below `/fn` of its own: begins with `/`, then letters, digits and `-_.~/`.
    #[serde(default)]
    pub path: Option<Text<1, 255>>,
    /// What `req.url` shows; `whole` unless said otherwise.
    #[serde(default)]
    pub url: Option<HttpUrl>,
}

/// Config of a cron trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CronTriggerConfig {
    /// Minute, hour, day of month, month and day of week; seconds may stand before them.
    pub schedule: Text<1, 200>,
    /// An IANA time zone; UTC unless said otherwise.
    #[serde(default)]
    pub timezone: Option<Text<1, 64>>,
    /// What happens when a slot comes while the last one runs; `skip` unless said otherwise.
    #[serde(default)]
    pub overlap: Option<Overlap>,
    /// Which missed slots run later; `last` unless said otherwise.
    #[serde(default)]
    pub catchup: Option<Catchup>,
    /// Attempts after a first one that failed; none unless said otherwise.
    #[serde(default)]
    pub retries: Option<Number<0, 10>>,
    /// The pause before the first of these, 10 unless said otherwise; each further pause is twice as long, an hour at most.
    #[serde(default)]
    pub backoff_seconds: Option<Number<1, 3_600>>,
}

/// Config of a websocket trigger.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebsocketTriggerConfig {
    /// The event that it handles; without one, those that no other function handles.
    #[serde(default)]
    pub event: Option<Text<1, 200>>,
}

/// Config of a webhook trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookTriggerConfig {
    /// Whose signature it is.
    pub provider: WebhookProvider,
    /// What it is signed with; of Discord, the application's public key. `***`, or none, keeps the present ones.
    #[serde(default)]
    pub secret: Option<Text<1, 1_000>>,
    /// Several of them, while one is replaced by another.
    #[serde(default)]
    pub secrets: Option<List<Text<1, 1_000>, 1, 5>>,
    /// The signature's header, of a custom provider; `x-signature` unless said otherwise.
    #[serde(default)]
    pub signature_header: Option<Text<1, 100>>,
    /// How far the time of a signature may be from the server's, 300 unless said otherwise.
    #[serde(default)]
    pub tolerance_seconds: Option<Number<1, 86_400>>,
    /// The header with the delivery's id, where it is not the provider's usual one.
    #[serde(default)]
    pub idempotency_key_header: Option<Text<1, 100>>,
    /// Whether a secret is required; it is unless said otherwise. Without a secret no signature is checked.
    #[serde(default)]
    pub secret_required: Option<bool>,
    /// Addresses and networks that may deliver; every one unless said otherwise.
    #[serde(default)]
    pub allowed_sources: Option<List<Text<1, 50>, 1, 100>>,
    /// Whether deliveries are kept and answered before the function runs.
    #[serde(default, rename = "async")]
    pub is_async: Option<bool>,
    /// With `async`, attempts after a first one that failed; 5 unless said otherwise.
    #[serde(default)]
    pub retries: Option<Number<0, 20>>,
    /// The pause before the first of these, 10 unless said otherwise; each further pause is twice as long, an hour at most.
    #[serde(default)]
    pub backoff_seconds: Option<Number<0, 3_600>>,
    /// For how many days deliveries are kept, and repeated ones recognised; 30 unless said otherwise.
    #[serde(default)]
    pub retention_days: Option<Number<1, 90>>,
}

/// Config of an upload trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct S3UploadTriggerConfig {
    /// The bucket.
    pub bucket: Text<3, 63>,
    /// Only keys that begin so.
    #[serde(default)]
    pub prefix: Option<Text<0, 1_024>>,
    /// Only these content types.
    #[serde(default, rename = "contentTypes")]
    pub content_types: Option<List<Value, 0, 100>>,
}

impl JsonSchema for TriggerSpec {
    fn schema_name() -> Cow<'static, str> {
        "TriggerSpec".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = |kind: TriggerKind, config: Schema, required: &[&str]| {
            json_schema!({
                "type": "object",
                "properties": {
                    "type": { "const": kind.as_str() },
                    "config": config,
                    "enabled": { "type": ["boolean", "null"] },
                },
                "required": required,
                "additionalProperties": false,
            })
        };
        // Without a required member the config may be left out.
        let plain: &[&str] = &["type"];
        let full: &[&str] = &["type", "config"];
        let kinds = [
            one(TriggerKind::Http, generator.subschema_for::<Option<Object<HttpTriggerConfig>>>(), plain),
            one(TriggerKind::Cron, generator.subschema_for::<CronTriggerConfig>(), full),
            one(TriggerKind::S3Upload, generator.subschema_for::<S3UploadTriggerConfig>(), full),
            one(TriggerKind::Webhook, generator.subschema_for::<WebhookTriggerConfig>(), full),
            one(
                TriggerKind::Websocket,
                generator.subschema_for::<Option<Object<WebsocketTriggerConfig>>>(),
                plain,
            ),
        ];
        json_schema!({ "oneOf": kinds })
    }
}
