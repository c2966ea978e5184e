//! Runs an owner's SQL script against the app's database, and records it.

use serde_json::Value;

use crate::auth::Manager;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;
use mayfly_tenant_db::tenant::{AppliedScript, MigrationScript, Tenants};

/// The longest script.
const SCRIPT_BYTES_MAX: usize = 1 << 20;

/// The use case.
#[derive(Debug, Clone)]
pub struct Sql {
    /// The apps' databases.
    pub tenants: Tenants,
}

/// A script to be run.
#[derive(Debug)]
pub struct ScriptRequest {
    sql: String,
    name: Option<String>,
}

impl ScriptRequest {
    /// Read `{sql, name?}`.
    pub fn read(body: Value) -> ApiResult<Self> {
        let mut fields = Fields::of(body, "")?;
        let sql = fields.required_text("sql", 1, SCRIPT_BYTES_MAX)?;
        if sql.contains('\0') {
            return Err(ApiError::invalid("sql", "must not contain NUL"));
        }
        let name = fields.text("name", 1, 200)?;
        fields.finish()?;
        Ok(Self { sql, name })
    }
}

impl Sql {
    /// Run the script as the app's owner: all of it, or nothing.
    pub async fn run(&self, app: &str, by: &Manager, request: ScriptRequest) -> ApiResult<AppliedScript> {
        let ScriptRequest { sql, name } = request;
        let script = MigrationScript { sql, name, key_id: by.key_id().map(str::to_owned) };
        Ok(self.tenants.run_script(app, script).await?)
    }

    /// Whether a script of that name and exactly that text was run before.
    pub async fn has_run(&self, app: &str, name: &str, checksum: &str) -> ApiResult<bool> {
        let scripts = self.tenants.scripts(app).await?;
        Ok(scripts.iter().any(|script| script.name.as_deref() == Some(name) && script.checksum == checksum))
    }
}
