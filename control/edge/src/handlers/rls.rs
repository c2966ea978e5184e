//! `/v1/{app}/rls...`

use mayfly_schema::Outcome;
use serde_json::{Value, json};

use crate::stage::Admitted;
use crate::{Edge, Reply, json as body};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::route::SchemaRoute;
use mayfly_core::schema::rls;
use mayfly_tenant_db::tenant::PolicyChange;

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

fn changed(outcome: &Outcome, warnings: Vec<String>) -> Value {
    let statements: Vec<&str> = outcome.plan.steps.iter().map(|step| step.sql.as_str()).collect();
    json!({ "success": true, "statements": statements, "warnings": warnings, "migration_id": outcome.migration })
}
