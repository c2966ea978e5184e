//! `POST /v1/{app}/sql`.

use serde_json::json;

use crate::clock::rfc3339;
use crate::error::ApiResult;
use crate::http::handlers::logs::millis;
use crate::http::stage::Admitted;
use crate::http::{Edge, Reply, json as body};
use crate::service::sql::ScriptRequest;

pub(in crate::http) async fn run(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let script = ScriptRequest::read(body::decode(&request.body)?)?;
    let applied = edge.sql.run(app, request.manager()?, script).await?;
    body::ok(&json!({
        "id": applied.id,
        "name": applied.name,
        "checksum": applied.checksum,
        "applied_at": rfc3339(applied.applied_at),
        "duration_ms": millis(applied.duration_us),
        "fingerprint": applied.fingerprint,
    }))
}
