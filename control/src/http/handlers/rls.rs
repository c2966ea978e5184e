//! `/v1/{app}/rls...`

use mayfly_schema::ApplyOutcome;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::http::route::SchemaRoute;
use crate::http::stage::Admitted;
use crate::http::{Edge, Reply, json as body};
use crate::service::schema::rls;
use crate::tenant::PolicyChange;

pub(super) async fn serve(
    edge: &Edge,
    request: &Admitted,
    app: &str,
    action: &SchemaRoute,
) -> ApiResult<Reply> {
    let sent = || body::decode(&request.body);
    let change = match action {
        SchemaRoute::ListPolicies => return body::ok(&edge.schemas.policies(app).await?),
        SchemaRoute::Explain => return explain(edge, app, sent()?).await,
        SchemaRoute::EnableRls => rls::read_enable(sent()?)?,
        SchemaRoute::IsolateUsers => rls::read_isolate(sent()?)?,
        SchemaRoute::CreatePolicy => rls::read_create(sent()?)?,
        SchemaRoute::AlterPolicy { name } => rls::read_alter(name, sent()?)?,
        SchemaRoute::DisableRls { table } => PolicyChange::Disable { table: table.clone() },
        SchemaRoute::DropPolicy { table, policy } => {
            PolicyChange::Drop { table: table.clone(), policy: policy.clone() }
        }
        SchemaRoute::Get | SchemaRoute::Apply | SchemaRoute::Rollback | SchemaRoute::History => {
            return Err(ApiError::not_found("the route"));
        }
    };
    let (outcome, warnings) = edge.schemas.change_policies(app, request.manager()?, change).await?;
    body::ok(&changed(&outcome, warnings))
}

async fn explain(edge: &Edge, app: &str, sent: Value) -> ApiResult<Reply> {
    let (identity, question) = rls::read_question(sent)?;
    let rows = edge.schemas.explain(app, &identity, question).await?;
    body::ok(&json!({ "role": identity.group(), "rows": rows }))
}

fn changed(outcome: &ApplyOutcome, warnings: Vec<String>) -> Value {
    let statements: Vec<&str> = outcome.plan.steps.iter().map(|step| step.sql.as_str()).collect();
    json!({ "success": true, "statements": statements, "warnings": warnings, "migration_id": outcome.migration })
}
