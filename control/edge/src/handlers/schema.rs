//! `/v1/{app}/schema...` and `/v1/{app}/migrations`.

use http::StatusCode;
use http::header::CONTENT_TYPE;
use mayfly_schema::Node;
use serde_json::{Value, json};

use super::rls;
use crate::handlers::logs::millis;
use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::route::SchemaRoute;
use mayfly_common::clock::rfc3339;
use mayfly_core::schema::{ApplyRequest, RollbackRequest};
use mayfly_schema::report;

pub(crate) async fn serve(
    edge: &Edge,
    request: &Admitted,
    app: &str,
    action: &SchemaRoute,
) -> ApiResult<Reply> {
    match action {
        SchemaRoute::Get => get(edge, app).await,
        SchemaRoute::Apply => apply(edge, request, app).await,
        SchemaRoute::Rollback => rollback(edge, request, app).await,
        SchemaRoute::History => history(edge, app).await,
        other => rls::serve(edge, request, app, other).await,
    }
}

async fn get(edge: &Edge, app: &str) -> ApiResult<Reply> {
    let found = edge.schemas.get(app).await?;
    // By hand: columns keep their order.
    let text = |value: Value| value.to_string();
    let about = json!({
        "resource_info": { "table_count": found.tables.len(), "tables": found.tables },
        "next_actions": ["POST schema/apply with dry_run: true shows what a change would do"],
    });
    let members = [
        ("app_id", text(app.into())),
        ("schema", found.schema.to_string()),
        ("fingerprint", text(found.fingerprint.into())),
        ("unmanaged", text(found.unmanaged)),
        ("api_base", text(edge.api_base(app).into())),
        ("_meta", text(about)),
    ];
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let mut reply = body::reply(StatusCode::OK, &Value::Null);
    *reply.body_mut() = http_body_util::Either::Left(format!("{{{}}}", members.join(",")).into());
    reply.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Ok(reply)
}

async fn apply(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let wanted = ApplyRequest::read(read(request)?)?;
    let dry_run = wanted.dry_run;
    let outcome = edge.schemas.apply(app, request.manager()?, wanted).await?;
    body::ok(&report(&outcome, dry_run))
}

async fn rollback(edge: &Edge, request: &Admitted, app: &str) -> ApiResult<Reply> {
    let wanted = RollbackRequest::read(body::decode(&request.body)?)?;
    let dry_run = wanted.dry_run;
    let (outcome, warnings) = edge.schemas.rollback(app, request.manager()?, wanted).await?;
    let mut answer = report(&outcome, dry_run);
    answer["warnings"] = warnings.into();
    body::ok(&answer)
}

async fn history(edge: &Edge, app: &str) -> ApiResult<Reply> {
    let changes = edge.schemas.history(app).await?;
    let shown: Vec<Value> = changes
        .iter()
        .map(|it| {
            json!({
                "id": it.id,
                "name": it.name,
                "description": it.name,
                "kind": it.kind,
                "applied_sql": it.sql,
                "checksum": it.checksum,
                "key_id": it.key_id,
                "applied_at": rfc3339(it.applied_at),
                "duration_ms": millis(it.duration_us),
                "fingerprint": it.fingerprint,
            })
        })
        .collect();
    body::ok(&json!({ "app_id": app, "migrations": shown }))
}

/// The body with the order of its members.
fn read(request: &Admitted) -> ApiResult<Node> {
    if request.body.is_empty() {
        return Err(ApiError::invalid("", "the body is empty, a JSON object is expected"));
    }
    let text =
        std::str::from_utf8(&request.body).map_err(|_| ApiError::invalid("", "the body is not UTF-8"))?;
    Node::read(text).map_err(|error| ApiError::invalid("", format!("the body is not valid JSON: {error}")))
}
