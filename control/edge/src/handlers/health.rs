//! `/livez` and `/readyz`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;

pub(crate) fn live() -> ApiResult<Reply> {
    body::ok(&json!({ "status": "alive" }))
}

pub(crate) async fn ready(edge: &Edge) -> Reply {
    let report = edge.health.report().await;
    let subsystems: Map<String, Value> = report
        .parts
        .iter()
        .map(|part| {
            let status = if part.trouble.is_none() { "ok" } else { "down" };
            (part.name.to_owned(), json!({ "status": status, "message": part.trouble }))
        })
        .collect();
    let (status, word) = if report.is_ready() {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    let reply = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "subsystems": subsystems,
        "invocations_running": report.invocations_running,
        "records_dropped": report.records_dropped,
    });
    body::reply(status, &reply)
}
