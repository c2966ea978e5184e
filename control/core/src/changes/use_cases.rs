//! `/v1/{app}/realtime/tables`: which tables are switched on for the change feed.

use mayfly_api::endpoint::{ApiCall, Handler};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::realtime::{RealtimeTableInfo, RealtimeTableList};
use mayfly_api::routes::{RealtimeTableDisable, RealtimeTableEnable, RealtimeTablesList};
use mayfly_tenant_db::changes::{RealtimeTable, TABLE_BYTES_MAX};

use super::ChangeFeeds;

impl Handler<RealtimeTablesList> for ChangeFeeds {
    async fn handle(&self, call: ApiCall<RealtimeTablesList>) -> ApiResult<RealtimeTableList> {
        let tables = self.tenants().realtime_tables(&call.context.app).await?;
        Ok(RealtimeTableList { tables: tables.into_iter().map(info).collect() })
    }
}

impl Handler<RealtimeTableEnable> for ChangeFeeds {
    async fn handle(&self, call: ApiCall<RealtimeTableEnable>) -> ApiResult<RealtimeTableInfo> {
        let name = call.context.name();
        check(name)?;
        let enabled = self.tenants().enable_realtime(&call.context.app, name).await?;
        enabled.map(info).ok_or_else(|| ApiError::not_found(format!("a table {name} in the schema public")))
    }
}

impl Handler<RealtimeTableDisable> for ChangeFeeds {
    async fn handle(&self, call: ApiCall<RealtimeTableDisable>) -> ApiResult<RealtimeTableList> {
        let (app, name) = (&call.context.app, call.context.name());
        check(name)?;
        if !self.tenants().disable_realtime(app, name).await? {
            return Err(ApiError::not_found(format!("a table {name} that is switched on")));
        }
        let tables = self.tenants().realtime_tables(app).await?;
        Ok(RealtimeTableList { tables: tables.into_iter().map(info).collect() })
    }
}

fn check(name: &str) -> ApiResult<()> {
    if name.is_empty() || name.len() > TABLE_BYTES_MAX || name.chars().any(char::is_control) {
        let text = format!("has 1 to {TABLE_BYTES_MAX} bytes and no control characters");
        return Err(ApiError::invalid("table", text));
    }
    Ok(())
}

fn info(table: RealtimeTable) -> RealtimeTableInfo {
    let RealtimeTable { name, enabled_at, exists } = table;
    RealtimeTableInfo { name, enabled_at: enabled_at.into(), exists }
}
