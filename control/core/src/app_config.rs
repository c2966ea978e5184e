//! What an app is set to: origins, egress, limits, token issuers. Set by `PATCH /v1/{app}/config`, kept as one JSON object,
//! in force on every node from the next request on.

mod change;
mod cors;
mod issuer;

use serde::{Deserialize, Serialize};

use mayfly_egress::EgressLists;
use mayfly_quota::{AppLimits, EffectiveLimits};

pub(crate) use change::{ChangeContext, ConfigChange};
pub use cors::Origins;
pub use issuer::{Issuer, OWN_PREFIX, secret_name};

/// The settings of an app, as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppConfig {
    /// Web pages of these origins may call.
    pub cors_origins: Origins,
    /// Where functions may go.
    pub egress: EgressLists,
    /// What the owner allows.
    pub limits: AppLimits,
    /// What the operator allows: the smaller one of the two holds.
    pub operator_limits: AppLimits,
    /// Who may sign end users' tokens.
    pub issuers: Vec<Issuer>,
}

impl AppConfig {
    /// Read the stored settings. Unreadable ones become the strictest: no outgoing requests, no external issuers.
    pub fn of(stored: &serde_json::Value) -> Self {
        Self::deserialize(stored).unwrap_or_else(|error| {
            tracing::error!(%error, "an app's settings cannot be read; the strictest hold");
            Self { egress: EgressLists::nothing(), ..Self::default() }
        })
    }

    /// The limits that hold: of each two the smaller one.
    pub fn effective_limits(&self) -> EffectiveLimits {
        EffectiveLimits::of(&self.limits, &self.operator_limits)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_empty_object_is_the_default_and_nonsense_is_the_strictest() {
        assert_eq!(AppConfig::of(&json!({})), AppConfig::default());
        let strictest = AppConfig::of(&json!({ "egress": 7 }));
        assert_eq!(strictest.egress, EgressLists::nothing());
        let stored = serde_json::to_value(AppConfig::default()).unwrap();
        assert_eq!(AppConfig::of(&stored), AppConfig::default());
    }
}
