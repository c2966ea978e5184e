//! Explains an invocation: its record, what its error means, what the deploy changed, what row-level security says.

mod diff;

use mayfly_api::endpoint::{ApiCall, CallContext, Handler};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::invocations::{DeployChange, ErrorMeaning, InvocationExplained, RlsExplained};
use mayfly_api::routes::InvocationExplain;
use mayfly_store::{InvocationQuery, InvocationRecord, Store, Version};

use crate::invoke::Invoker;
use crate::logs::info;
use crate::schema::Schemas;

/// What PostgreSQL says when a policy refuses a row.
const POLICY_REFUSED: &str = "row-level security policy";

/// Explains invocations. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Explain {
    /// The platform's tables.
    pub store: Store,
    /// Knows what is not recorded yet.
    pub invoker: Invoker,
    /// Knows the policies.
    pub schemas: Schemas,
}

impl Handler<InvocationExplain> for Explain {
    async fn handle(&self, call: ApiCall<InvocationExplain>) -> ApiResult<InvocationExplained> {
        let context = call.context;
        let record = self.record(&context.app, context.name()).await?;
        let deploy = self.deploy(&record).await?;
        let row_level_security = self.policies(&record).await?;
        Ok(explained(&context, record, deploy, row_level_security))
    }
}

impl Explain {
    async fn record(&self, app: &str, id: &str) -> ApiResult<InvocationRecord> {
        self.invoker.recorded(app).await?;
        let query =
            InvocationQuery { limit: 1, invocation_id: Some(id.to_owned()), ..InvocationQuery::default() };
        let page = self.store.invocations().query(app, None, &query).await?;
        page.records.into_iter().next().ok_or_else(|| ApiError::not_found("the invocation"))
    }

    /// `None`: the function is gone, and its versions with it.
    async fn deploy(&self, record: &InvocationRecord) -> ApiResult<Option<DeployChange>> {
        // Newest first: the one before a version follows it.
        let versions = self.store.versions().list(&record.app_id, &record.function_name).await?;
        let mut versions = versions.into_iter().skip_while(|version| version.id != *record.version_id);
        let Some(version) = versions.next() else { return Ok(None) };
        let before = versions.next();
        let diff = match &before {
            Some(before) => self.diff(before, &version).await?,
            None => None,
        };
        let schema_changed =
            before.as_ref().is_some_and(|before| before.schema_fingerprint != version.schema_fingerprint);
        let (diff, diff_cut) = diff.map_or((None, false), |(text, cut)| (Some(text), cut));
        Ok(Some(DeployChange {
            version: version.number,
            deployed_at: version.created_at.into(),
            active: version.active,
            before: before.map(|before| before.number),
            schema_changed,
            diff,
            diff_cut,
        }))
    }

    async fn diff(&self, before: &Version, version: &Version) -> ApiResult<Option<(String, bool)>> {
        let versions = self.store.versions();
        let (old, new) = (versions.source(&before.id).await?, versions.source(&version.id).await?);
        Ok(old.zip(new).and_then(|(old, new)| diff::unified(&old.code, &new.code)))
    }

    async fn policies(&self, record: &InvocationRecord) -> ApiResult<Option<RlsExplained>> {
        let Some(table) = record.error_message.as_deref().and_then(refused_table) else { return Ok(None) };
        let all = self.schemas.policies(&record.app_id).await?.policies;
        let policies: Vec<_> = all.into_iter().filter(|policy| policy.table_name == table).collect();
        let names: Vec<&str> = policies.iter().map(|policy| policy.policy_name.as_str()).collect();
        let role = record.db_role.clone().into_owned();
        let reason = match names.as_slice() {
            [] => format!(
                "Row-level security is on for {table} and no policy lets {role} write: without a policy nothing passes."
            ),
            names => format!(
                "{role} may write a row of {table} only where a policy's check holds. Compare the row with: {}.",
                names.join(", ")
            ),
        };
        let table = table.to_owned();
        Ok(Some(RlsExplained { table, role, user_id: record.user_id.clone(), policies, reason }))
    }
}

/// The table in `new row violates row-level security policy ["name"] for table "notes"`.
fn refused_table(message: &str) -> Option<&str> {
    let (_, after) = message.split_once(POLICY_REFUSED)?;
    let (_, table) = after.split_once("for table \"")?;
    table.split_once('"').map(|(table, _)| table)
}

fn explained(
    context: &CallContext,
    record: InvocationRecord,
    deploy: Option<DeployChange>,
    row_level_security: Option<RlsExplained>,
) -> InvocationExplained {
    let function = record.function_name.to_string();
    let failed = record.error_code.is_some() || record.status.is_none_or(|status| status >= 400);
    let error = record.error_code.as_deref().and_then(|code| ErrorMeaning::of(code, &context.base));
    let mut next_steps: Vec<String> = error.iter().map(|error| error.remediation.clone()).collect();
    next_steps.extend(row_level_security.as_ref().map(|explained| explained.reason.clone()));
    if failed && let Some(DeployChange { version, before: Some(before), diff: Some(_), .. }) = &deploy {
        next_steps.push(format!(
            "Version {version} changed the source: see `deploy.diff`. If {before} worked, roll back to it."
        ));
    }
    let background = record.background.as_ref().and_then(|background| background.error_code.as_deref());
    if let Some(code) = background {
        next_steps.push(format!(
            "Its background part (waitUntil) failed with {code}: see `invocation.background`."
        ));
    }
    let summary = summary(&record);
    InvocationExplained {
        function,
        failed,
        summary,
        invocation: info(record),
        error,
        deploy,
        row_level_security,
        next_steps,
    }
}

fn summary(record: &InvocationRecord) -> String {
    let InvocationRecord { function_name, version, method, path, .. } = record;
    let what = match (&record.error_code, record.status) {
        (Some(code), _) => {
            let message = record.error_message.as_deref().unwrap_or("no message");
            format!("failed with {code}: {message}")
        }
        (None, Some(status)) => format!("answered {status}"),
        (None, None) => "gave no response".to_owned(),
    };
    format!("{method} {path} ran version {version} of {function_name}, which {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_refusal_is_found() {
        let message = "new row violates row-level security policy for table \"my notes\"";
        assert_eq!(refused_table(message), Some("my notes"));
        let named = "Error: new row violates row-level security policy \"own\" for table \"notes\" (USING expression)";
        assert_eq!(refused_table(named), Some("notes"));
        assert_eq!(refused_table("permission denied for table \"notes\""), None);
    }
}
