//! Runs an owner's SQL script against the app's database, and records it.

use mayfly_api::access::Manager;
use mayfly_api::endpoint::{ApiCall, Handler, Json};
use mayfly_api::error::ApiResult;
use mayfly_api::routes::SqlRun;
use mayfly_api::sql::{RunSql, SqlApplied};
use mayfly_api::value::{Bytes, Millis, Text};
use mayfly_tenant_db::tenant::{MigrationScript, Tenants};

/// The use case.
#[derive(Debug, Clone)]
pub struct Sql {
    /// The apps' databases.
    pub tenants: Tenants,
}

impl Sql {
    /// Run a script as the app's owner: all of it, or nothing.
    ///
    /// # Errors
    /// `SCHEMA_MIGRATION_FAILED` with the place in the script.
    pub async fn run(&self, app: &str, by: &Manager, script: RunSql) -> ApiResult<SqlApplied> {
        let RunSql { sql, name } = script;
        let key_id = by.key_id().map(str::to_owned);
        let script =
            MigrationScript { sql: Bytes::into_string(sql), name: name.map(Text::into_string), key_id };
        let applied = self.tenants.run_script(app, script).await?;
        Ok(SqlApplied {
            id: applied.id,
            name: applied.name,
            checksum: applied.checksum,
            applied_at: applied.applied_at.into(),
            duration_ms: Millis::of_micros(applied.duration_us),
            fingerprint: applied.fingerprint,
        })
    }

    /// Whether a script of that name and exactly that text was run before.
    ///
    /// # Errors
    /// When the app's database cannot be asked.
    pub async fn has_run(&self, app: &str, name: &str, checksum: &str) -> ApiResult<bool> {
        let scripts = self.tenants.scripts(app).await?;
        Ok(scripts.iter().any(|script| script.name.as_deref() == Some(name) && script.checksum == checksum))
    }
}

impl Handler<SqlRun> for Sql {
    async fn handle(&self, call: ApiCall<SqlRun>) -> ApiResult<SqlApplied> {
        let Json(script) = call.body;
        self.run(&call.context.app, &call.context.manager, script).await
    }
}
