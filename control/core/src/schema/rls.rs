//! Who may see which rows: policies changed one at a time, in the fields that Butterbase's route has.

use std::collections::BTreeSet;

use mayfly_schema::dsl::Policy;
use mayfly_schema::rls::{Question, Verdict};
use mayfly_schema::{Expression, Outcome};
use serde_json::{Value, json};

use super::Schemas;
use crate::auth::Manager;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::PolicyChange;

/// Longest expression.
const EXPRESSION_MAX: usize = 16_384;

/// Longest name.
const NAME_MAX: usize = 63;

fn table(fields: &mut Fields) -> ApiResult<String> {
    let table = fields.required_text("table_name", 1, NAME_MAX)?;
    if table.starts_with('_') {
        let error = ApiError::invalid("table_name", "tables whose names begin with _ are the platform's");
        return Err(
            error.with_details(json!({ "path": "table_name", "aliases": ["VALIDATION_RESERVED_TABLE"] }))
        );
    }
    Ok(table)
}

/// `{table_name}`
pub fn read_enable(body: Value) -> ApiResult<PolicyChange> {
    let mut fields = Fields::of(body, "")?;
    let table = table(&mut fields)?;
    fields.finish()?;
    Ok(PolicyChange::Enable { table })
}

/// `{table_name, user_column, public_read_column?}`
pub fn read_isolate(body: Value) -> ApiResult<PolicyChange> {
    let mut fields = Fields::of(body, "")?;
    let change = PolicyChange::Isolate {
        table: table(&mut fields)?,
        user_column: fields.required_text("user_column", 1, NAME_MAX)?,
        public_read_column: fields.text("public_read_column", 1, NAME_MAX)?,
    };
    fields.finish()?;
    Ok(change)
}

/// `{table_name, policy_name, command?, role?, using_expression?, with_check_expression?, restrictive?}`
pub fn read_create(body: Value) -> ApiResult<PolicyChange> {
    let mut fields = Fields::of(body, "")?;
    let (table, name) = (table(&mut fields)?, fields.required_text("policy_name", 1, NAME_MAX)?);
    let mut policy = policy(&mut fields)?;
    fields.finish()?;
    if policy.roles.is_empty() {
        policy.roles.insert("public".to_owned());
    }
    if policy.using.is_none() && policy.check.is_none() {
        return Err(ApiError::invalid("using_expression", "is missing, and so is with_check_expression"));
    }
    Ok(PolicyChange::Create { table, name, policy })
}

/// `{table_name, role?, using_expression?, with_check_expression?}`; what is left out stays.
pub fn read_alter(name: &str, body: Value) -> ApiResult<PolicyChange> {
    let mut fields = Fields::of(body, "")?;
    let table = table(&mut fields)?;
    let policy = policy(&mut fields)?;
    fields.finish()?;
    Ok(PolicyChange::Alter { table, name: name.to_owned(), policy })
}

fn policy(fields: &mut Fields) -> ApiResult<Policy> {
    let commands = ["ALL", "SELECT", "INSERT", "UPDATE", "DELETE"];
    let command = fields.text("command", 1, 10)?.map_or("ALL".to_owned(), |text| text.to_uppercase());
    if !commands.contains(&command.as_str()) {
        return Err(ApiError::invalid("command", format!("must be one of {}", commands.join(", "))));
    }
    let role = match fields.text("role", 1, NAME_MAX)?.as_deref() {
        None => None,
        Some(name @ ("user" | "anon" | "service")) => Some(format!("butterbase_{name}")),
        Some("public") => Some("public".to_owned()),
        Some(_) => return Err(ApiError::invalid("role", "must be user, anon, service or public")),
    };
    let using = expression(fields, "using_expression")?;
    let check = expression(fields, "with_check_expression")?;
    let restrictive = fields.flag("restrictive")?.unwrap_or(false);
    Ok(Policy { command, roles: role.into_iter().collect::<BTreeSet<_>>(), using, check, restrictive })
}

fn expression(fields: &mut Fields, name: &str) -> ApiResult<Option<Expression>> {
    let Some(text) = fields.text(name, 1, EXPRESSION_MAX)? else { return Ok(None) };
    mayfly_schema::parse::check_expression(text.trim()).map_err(|wrong| ApiError::invalid(name, wrong))?;
    Ok(Some(Expression::said(text.trim())))
}

/// `{table_name, user_id?, command?, row?: {column: value}}`; without a user, nobody asks.
pub fn read_question(body: Value) -> ApiResult<(Identity, Question)> {
    let mut fields = Fields::of(body, "")?;
    let table = table(&mut fields)?;
    let identity = match fields.text("user_id", 1, 255)? {
        Some(id) => Identity::User { id },
        None => Identity::Anon,
    };
    let command = fields.text("command", 1, 10)?.map_or("SELECT".to_owned(), |text| text.to_uppercase());
    if !["SELECT", "UPDATE", "DELETE"].contains(&command.as_str()) {
        return Err(ApiError::invalid("command", "must be SELECT, UPDATE or DELETE"));
    }
    let row = match fields.take("row") {
        None => Vec::new(),
        Some(Value::Object(members)) => members
            .into_iter()
            .map(|(column, value)| match value {
                Value::String(text) => (column, text),
                other => (column, other.to_string()),
            })
            .collect(),
        Some(_) => return Err(ApiError::invalid("row", "must be an object of columns")),
    };
    fields.finish()?;
    Ok((identity, Question { table, command, row, ..Question::default() }))
}

impl Schemas {
    /// Change policies; gives the outcome and what to mind.
    pub async fn change_policies(
        &self,
        app: &str,
        by: &Manager,
        change: PolicyChange,
    ) -> ApiResult<(Outcome, Vec<String>)> {
        let key_id = by.key_id().map(str::to_owned);
        Ok(self.tenants.change_policies(app, change, key_id).await?)
    }

    /// Why somebody sees rows, or does not.
    pub async fn explain(
        &self,
        app: &str,
        identity: &Identity,
        question: Question,
    ) -> ApiResult<Vec<Verdict>> {
        Ok(self.tenants.explain_rows(app, identity, question).await?)
    }

    /// All policies, and the tables that have row-level security.
    pub async fn policies(&self, app: &str) -> ApiResult<Value> {
        let catalog = self.tenants.schema(app).await?;
        let mut policies = Vec::new();
        for table in catalog.tables.values() {
            for (name, policy) in &table.rls.policies {
                policies.push(json!({
                    "table_name": table.name,
                    "policy_name": name,
                    "command": policy.command,
                    "roles": policy.roles,
                    "using_expression": policy.using.as_ref().map(Expression::shown),
                    "with_check_expression": policy.check.as_ref().map(Expression::shown),
                    "restrictive": policy.restrictive,
                }));
            }
        }
        let tables: Vec<&String> =
            catalog.tables.values().filter(|table| table.rls.enabled).map(|table| &table.name).collect();
        Ok(json!({ "policies": policies, "tables_with_rls": tables }))
    }
}
