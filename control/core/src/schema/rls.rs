//! Row-level security: policies changed one at a time, in the fields that Butterbase's route has.

use std::collections::BTreeSet;

use mayfly_api::endpoint::{ApiCall, CallContext, Handler, Json};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::rls::{
    CreatePolicy, ExplainRows, PoliciesChanged, PolicyInfo, PolicyList, PolicyRole, RowVerdict, RowsExplained,
};
use mayfly_api::routes::{
    PolicyAlter, PolicyCreate, PolicyDrop, RlsDisable, RlsEnable, RlsExplain, RlsIsolate, RlsList,
};
use mayfly_api::value::Text;
use mayfly_schema::Expression;
use mayfly_schema::dsl::Policy;
use mayfly_schema::rls::Question;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::PolicyChange;
use serde_json::{Value, json};

use super::{Schemas, key_id};

impl Schemas {
    async fn change(&self, context: &CallContext, change: PolicyChange) -> ApiResult<PoliciesChanged> {
        let by = key_id(&context.manager);
        let (outcome, warnings) = self.tenants.change_policies(&context.app, change, by).await?;
        Ok(PoliciesChanged {
            success: true,
            statements: outcome.plan.steps.into_iter().map(|step| step.sql).collect(),
            warnings,
            migration_id: outcome.migration,
        })
    }
}

impl Handler<RlsList> for Schemas {
    async fn handle(&self, call: ApiCall<RlsList>) -> ApiResult<PolicyList> {
        self.policies(&call.context.app).await
    }
}

impl Schemas {
    /// All policies of an app.
    ///
    /// # Errors
    /// When its database cannot be read.
    pub async fn policies(&self, app: &str) -> ApiResult<PolicyList> {
        let catalog = self.tenants.schema(app).await?;
        let mut policies = Vec::new();
        for table in catalog.tables.values() {
            for (name, policy) in &table.rls.policies {
                policies.push(PolicyInfo {
                    table_name: table.name.clone(),
                    policy_name: name.clone(),
                    command: policy.command.clone(),
                    roles: policy.roles.iter().cloned().collect(),
                    using_expression: policy.using.as_ref().map(|using| using.shown().to_owned()),
                    with_check_expression: policy.check.as_ref().map(|check| check.shown().to_owned()),
                    restrictive: policy.restrictive,
                });
            }
        }
        let tables_with_rls =
            catalog.tables.values().filter(|table| table.rls.enabled).map(|table| table.name.clone());
        Ok(PolicyList { policies, tables_with_rls: tables_with_rls.collect() })
    }
}

impl Handler<RlsEnable> for Schemas {
    async fn handle(&self, call: ApiCall<RlsEnable>) -> ApiResult<PoliciesChanged> {
        let table = table(&call.body.0.table_name)?;
        self.change(&call.context, PolicyChange::Enable { table }).await
    }
}

impl Handler<RlsIsolate> for Schemas {
    async fn handle(&self, call: ApiCall<RlsIsolate>) -> ApiResult<PoliciesChanged> {
        let Json(wanted) = call.body;
        let change = PolicyChange::Isolate {
            table: table(&wanted.table_name)?,
            user_column: wanted.user_column.into_string(),
            public_read_column: wanted.public_read_column.map(Text::into_string),
        };
        self.change(&call.context, change).await
    }
}

impl Handler<PolicyCreate> for Schemas {
    async fn handle(&self, call: ApiCall<PolicyCreate>) -> ApiResult<PoliciesChanged> {
        let Json(wanted) = call.body;
        let change = create(wanted)?;
        self.change(&call.context, change).await
    }
}

impl Handler<PolicyAlter> for Schemas {
    async fn handle(&self, call: ApiCall<PolicyAlter>) -> ApiResult<PoliciesChanged> {
        let name = call.context.name().to_owned();
        let Json(wanted) = call.body;
        let change = PolicyChange::Alter {
            table: table(&wanted.table_name)?,
            name,
            policy: policy(
                wanted.command.as_deref(),
                wanted.role,
                wanted.using_expression.as_deref(),
                wanted.with_check_expression.as_deref(),
                wanted.restrictive,
            )?,
        };
        self.change(&call.context, change).await
    }
}

impl Handler<RlsDisable> for Schemas {
    async fn handle(&self, call: ApiCall<RlsDisable>) -> ApiResult<PoliciesChanged> {
        let table = call.context.name().to_owned();
        self.change(&call.context, PolicyChange::Disable { table }).await
    }
}

impl Handler<PolicyDrop> for Schemas {
    async fn handle(&self, call: ApiCall<PolicyDrop>) -> ApiResult<PoliciesChanged> {
        let [table, policy] = call.context.names.as_slice() else {
            return Err(ApiError::internal("the path of a policy has a table and a name"));
        };
        let change = PolicyChange::Drop { table: table.clone(), policy: policy.clone() };
        self.change(&call.context, change).await
    }
}

impl Handler<RlsExplain> for Schemas {
    async fn handle(&self, call: ApiCall<RlsExplain>) -> ApiResult<RowsExplained> {
        let Json(wanted) = call.body;
        let (identity, question) = question(wanted)?;
        let verdicts = self.tenants.explain_rows(&call.context.app, &identity, question).await?;
        let rows = verdicts
            .into_iter()
            .map(|verdict| RowVerdict {
                row: verdict.row,
                visible: verdict.visible,
                shown_by: verdict.shown_by,
                hidden_by: verdict.hidden_by,
                reason: verdict.reason,
            })
            .collect();
        Ok(RowsExplained { role: identity.group().to_owned(), rows })
    }
}

fn table(name: &str) -> ApiResult<String> {
    if name.starts_with('_') {
        let error = ApiError::invalid("table_name", "tables whose names begin with _ are the platform's");
        return Err(
            error.with_details(json!({ "path": "table_name", "aliases": ["VALIDATION_RESERVED_TABLE"] }))
        );
    }
    Ok(name.to_owned())
}

fn create(wanted: CreatePolicy) -> ApiResult<PolicyChange> {
    let table = table(&wanted.table_name)?;
    let mut policy = policy(
        wanted.command.as_deref(),
        wanted.role,
        wanted.using_expression.as_deref(),
        wanted.with_check_expression.as_deref(),
        wanted.restrictive,
    )?;
    if policy.roles.is_empty() {
        policy.roles.insert("public".to_owned());
    }
    if policy.using.is_none() && policy.check.is_none() {
        return Err(ApiError::invalid("using_expression", "is missing, and so is with_check_expression"));
    }
    Ok(PolicyChange::Create { table, name: wanted.policy_name.into_string(), policy })
}

fn policy(
    command: Option<&str>,
    role: Option<PolicyRole>,
    using: Option<&str>,
    check: Option<&str>,
    restrictive: Option<bool>,
) -> ApiResult<Policy> {
    let commands = ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"];
    let role = role.map(|role| match role {
        PolicyRole::Public => "public".to_owned(),
        PolicyRole::User | PolicyRole::Anon | PolicyRole::Service => format!("butterbase_{}", role.as_str()),
    });
    Ok(Policy {
        command: one_of(&commands, command.unwrap_or("ALL"))?,
        roles: role.into_iter().collect::<BTreeSet<_>>(),
        using: expression(using, "using_expression")?,
        check: expression(check, "with_check_expression")?,
        restrictive: restrictive.unwrap_or(false),
    })
}

fn expression(text: Option<&str>, name: &str) -> ApiResult<Option<Expression>> {
    let Some(text) = text.map(str::trim) else { return Ok(None) };
    mayfly_schema::parse::check_expression(text).map_err(|wrong| ApiError::invalid(name, wrong))?;
    Ok(Some(Expression::declared(text)))
}

/// Without a user, an anonymous client asks.
fn question(wanted: ExplainRows) -> ApiResult<(Identity, Question)> {
    let table = table(&wanted.table_name)?;
    let identity = match wanted.user_id {
        Some(id) => Identity::User { id: id.into_string() },
        None => Identity::Anon,
    };
    let commands = ["SELECT", "UPDATE", "DELETE"];
    let command = one_of(&commands, wanted.command.as_deref().unwrap_or("SELECT"))?;
    let row = wanted.row.unwrap_or_default().into_iter().map(|(column, value)| match value {
        Value::String(text) => (column, text),
        other => (column, other.to_string()),
    });
    Ok((identity, Question { table, command, row: row.collect(), ..Question::default() }))
}

fn one_of(commands: &[&str], command: &str) -> ApiResult<String> {
    let command = command.to_uppercase();
    if commands.contains(&command.as_str()) {
        return Ok(command);
    }
    Err(ApiError::invalid("command", format!("must be one of {}", commands.join(", "))))
}
