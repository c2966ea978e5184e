//! `POST /v1/{app}/sql`.

use serde_json::json;

use crate::handlers::logs::millis;
use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::ApiResult;
use mayfly_common::clock::rfc3339;
use mayfly_core::sql::ScriptRequest;

pub(crate) async fn run(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
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
