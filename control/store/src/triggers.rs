//! The table of triggers: what starts a function.

use serde_json::Value;
use tokio_postgres::{GenericClient, Transaction};

use crate::StoreError;

/// What kind of event starts a function. At most one trigger of each kind a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TriggerKind {
    /// A request to its URL.
    Http,
    /// A point in time.
    Cron,
    /// An object in a bucket.
    S3Upload,
    /// A signed request from a provider.
    Webhook,
    /// A frame on the app's socket.
    Websocket,
}

impl TriggerKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Http, Self::Cron, Self::S3Upload, Self::Webhook, Self::Websocket];

    /// As callers write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Cron => "cron",
            Self::S3Upload => "s3_upload",
            Self::Webhook => "webhook",
            Self::Websocket => "websocket",
        }
    }

    /// The kind of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One trigger of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Trigger {
    /// What kind of event.
    pub kind: TriggerKind,
    /// A JSON object; checked at deploy.
    pub config: Value,
    /// Whether it starts anything.
    pub enabled: bool,
}

/// As `TRIGGERS_JSON` selects them.
pub(super) fn from_json(json: Value) -> Vec<Trigger> {
    let Value::Array(items) = json else { return Vec::new() };
    items
        .into_iter()
        .filter_map(|mut item| {
            Some(Trigger {
                kind: TriggerKind::parse(item.get("kind")?.as_str()?)?,
                enabled: item.get("enabled")?.as_bool()?,
                config: item.get_mut("config")?.take(),
            })
        })
        .collect()
}

/// A scalar subquery for the triggers of the function `f`.
pub(super) const TRIGGERS_JSON: &str = "(SELECT coalesce(jsonb_agg(jsonb_build_object(
    'kind', t.kind, 'config', t.config, 'enabled', t.enabled) ORDER BY t.kind), '[]')
    FROM triggers t WHERE t.function_id = f.id)";

/// Replace all triggers of a function.
pub(super) async fn replace(
    transaction: &Transaction<'_>,
    function_id: &str,
    triggers: &[Trigger],
) -> Result<(), StoreError> {
    transaction.execute("DELETE FROM triggers WHERE function_id = $1", &[&function_id]).await?;
    for trigger in triggers {
        transaction
            .execute(
                "INSERT INTO triggers (function_id, kind, config, enabled) VALUES ($1, $2, $3, $4)",
                &[&function_id, &trigger.kind.as_str(), &trigger.config, &trigger.enabled],
            )
            .await?;
    }
    Ok(())
}

pub(super) async fn list(client: &impl GenericClient, function_id: &str) -> Result<Vec<Trigger>, StoreError> {
    let row = client
        .query_one(&format!("SELECT {TRIGGERS_JSON} FROM (SELECT $1::text AS id) f"), &[&function_id])
        .await?;
    Ok(from_json(row.get(0)))
}
