//! `/v1/audit` and `/v1/{app}/audit`.

use mayfly_api::audit::{AuditPage, ListAudit};
use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::ApiResult;
use mayfly_api::routes::{AppAuditList, AuditList};
use mayfly_store::AuditQuery;

use super::Agents;

/// Entries a page, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 100;

impl Handler<AuditList> for Agents {
    async fn handle(&self, call: ApiCall<AuditList>) -> ApiResult<AuditPage> {
        self.audit_page(None, &call.query).await
    }
}

impl Handler<AppAuditList> for Agents {
    async fn handle(&self, call: ApiCall<AppAuditList>) -> ApiResult<AuditPage> {
        self.audit_page(Some(call.context.app), &call.query).await
    }
}

impl Agents {
    async fn audit_page(&self, app_id: Option<String>, wanted: &ListAudit) -> ApiResult<AuditPage> {
        let limit = wanted.limit.map_or(LIMIT_DEFAULT, |limit| limit.get());
        let query = AuditQuery {
            app_id,
            tool: wanted.tool.as_deref().map(str::to_owned),
            decision: wanted.decision,
            identity: wanted.identity.as_deref().map(str::to_owned),
            session_id: wanted.session.as_deref().map(str::to_owned),
            before: wanted.cursor.map(|cursor| cursor.get().into()),
            limit,
        };
        let mut entries = self.store.agents().calls(&query).await?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        let next_cursor = entries.last().filter(|_| more).map(|entry| entry.id);
        Ok(AuditPage { entries, next_cursor })
    }
}
