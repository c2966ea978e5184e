//! `/v1/{app}/config`.

use serde_json::{Value, json};

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_core::app_config::AppConfig;
use mayfly_store::App;

pub(crate) async fn get(edge: &Edge, app: &str) -> ApiResult<Reply> {
    body::ok(&show(&edge.apps.get(app).await?))
}

pub(crate) async fn patch(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let wanted = body::decode(&request.body)?;
    body::ok(&show(&edge.apps.configure(app, request.manager()?, wanted).await?))
}

/// Everything but secrets.
fn show(app: &App) -> Value {
    let config = AppConfig::of(&app.settings);
    json!({
        "app_id": app.id,
        "paused": app.paused,
        "reason": app.paused_reason,
        "cors_origins": config.cors_origins.as_slice(),
        "egress": config.egress,
        "limits": config.limits,
        "operator_limits": config.operator_limits,
        "effective_limits": config.effective_limits().show(),
        "auth": { "issuers": config.issuers.iter().map(|issuer| issuer.show()).collect::<Vec<_>>() },
    })
}
