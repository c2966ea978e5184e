//! The table of triggers: what starts a function.

use mayfly_api::triggers::{Trigger, TriggerKind};
use serde_json::Value;
use tokio_postgres::{GenericClient, Transaction};

use crate::StoreError;

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
