//! What an apply did, or would do, as JSON for callers.

use serde_json::{Value, json};

use crate::Outcome;

/// What was done, or would be, as it is answered.
pub fn report(outcome: &Outcome, dry_run: bool) -> Value {
    if outcome.plan.is_empty() {
        return json!({ "applied": 0, "statements": [], "message": "Schema is up to date" });
    }
    let steps: Vec<Value> = outcome
        .plan
        .steps
        .iter()
        .map(|step| {
            let mut shown = serde_json::to_value(step).unwrap_or_default();
            shown["explanations"] = step.hazards.iter().map(|hazard| hazard.text()).collect();
            shown
        })
        .collect();
    let mut answer = json!({
        "applied": steps.len(),
        "statements": steps,
        "fingerprint": outcome.fingerprint,
        "unmanaged": outcome.catalog.unmanaged,
    });
    if dry_run {
        answer["dry_run"] = true.into();
        answer["required"] = serde_json::to_value(outcome.plan.consents()).unwrap_or_default();
        if !outcome.losses.is_empty() {
            answer["losses"] = serde_json::to_value(&outcome.losses).unwrap_or_default();
        }
    } else {
        answer["migration_id"] = outcome.migration.into();
    }
    answer
}
