//! An app's schema: shown, changed by declaration, rolled back; and its row-level security.

mod fit;
mod rls;

use mayfly_api::access::Manager;
use mayfly_api::endpoint::{ApiCall, Handler, Json};
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::routes::{MigrationsList, SchemaApply, SchemaGet, SchemaRollback};
use mayfly_api::schema::{
    MigrationInfo, MigrationList, SchemaApplied, SchemaMeta, SchemaResourceInfo, SchemaState,
};
use mayfly_api::value::{Millis, RawObject, Text};
use mayfly_schema::{ApplyOutcome, Declared, Node};
use mayfly_store::Store;
use mayfly_tenant_db::api_error::declaration_error;
use mayfly_tenant_db::tenant::{SchemaChange, Tenants, schema_rules};

/// The use case.
#[derive(Debug, Clone)]
pub struct Schemas {
    /// The apps' databases.
    pub tenants: Tenants,
    /// The platform's tables: which functions serve.
    pub store: Store,
}

impl Handler<SchemaGet> for Schemas {
    async fn handle(&self, call: ApiCall<SchemaGet>) -> ApiResult<SchemaState> {
        let app = call.context.app.clone();
        let catalog = self.tenants.schema(&app).await?;
        let schema = mayfly_schema::write::write(&catalog, false).to_string();
        let tables: Vec<String> = catalog.tables.keys().cloned().collect();
        Ok(SchemaState {
            schema: RawObject::of(schema).map_err(ApiError::internal)?,
            fingerprint: mayfly_schema::apply::fingerprint(&catalog),
            unmanaged: values(&catalog.unmanaged)?,
            api_base: call.context.api_base(&app),
            app_id: app,
            meta: SchemaMeta {
                resource_info: SchemaResourceInfo { table_count: tables.len(), tables },
                next_actions: vec![
                    "POST schema/apply with dry_run: true shows what a change would do".to_owned(),
                ],
            },
        })
    }
}

impl Handler<SchemaApply> for Schemas {
    async fn handle(&self, call: ApiCall<SchemaApply>) -> ApiResult<SchemaApplied> {
        let Json(wanted) = call.body;
        // The declaration's own mistakes are named by their path within it.
        let node = Node::read(wanted.schema.text())
            .map_err(|error| ApiError::invalid("schema", format!("is not valid JSON: {error}")))?;
        let declared = Declared::parse(&node, &schema_rules()).map_err(declaration_error)?;
        let change = SchemaChange {
            dry_run: wanted.dry_run.unwrap_or(false),
            online: wanted.online.unwrap_or(false),
            name: wanted.name.map(Text::into_string),
            key_id: key_id(&call.context.manager),
            kind: "apply".to_owned(),
            lossless: false,
        };
        let outcome = self.tenants.apply_schema(&call.context.app, &declared, &change).await?;
        applied(&outcome, change.dry_run)
    }
}

impl Handler<SchemaRollback> for Schemas {
    async fn handle(&self, call: ApiCall<SchemaRollback>) -> ApiResult<SchemaApplied> {
        let (app, Json(wanted)) = (&call.context.app, call.body);
        let id = i64::from(wanted.id.get());
        let change = SchemaChange {
            dry_run: wanted.dry_run.unwrap_or(false),
            name: Some(wanted.name.map_or_else(|| format!("rollback to {id}"), Text::into_string)),
            key_id: key_id(&call.context.manager),
            kind: "rollback".to_owned(),
            lossless: true,
            online: false,
        };
        let outcome = self.tenants.rollback_schema(app, id, &change).await?;
        let warnings = self.function_warnings(app, &outcome.catalog).await;
        Ok(SchemaApplied { warnings: Some(warnings), ..applied(&outcome, change.dry_run)? })
    }
}

impl Handler<MigrationsList> for Schemas {
    async fn handle(&self, call: ApiCall<MigrationsList>) -> ApiResult<MigrationList> {
        let changes = self.tenants.changes(&call.context.app).await?;
        let migrations = changes
            .into_iter()
            .map(|change| MigrationInfo {
                id: change.id,
                description: change.name.clone(),
                name: change.name,
                kind: change.kind,
                applied_sql: change.sql,
                checksum: change.checksum,
                key_id: change.key_id,
                applied_at: change.applied_at.into(),
                duration_ms: Millis::of_micros(change.duration_us),
                fingerprint: change.fingerprint,
            })
            .collect();
        Ok(MigrationList { app_id: call.context.app, migrations })
    }
}

fn key_id(by: &Manager) -> Option<String> {
    by.key_id().map(str::to_owned)
}

/// What was done, or would be, in the words that the command line has for any database.
fn applied(outcome: &ApplyOutcome, dry_run: bool) -> ApiResult<SchemaApplied> {
    serde_json::from_value(mayfly_schema::report(outcome, dry_run)).map_err(ApiError::internal)
}

fn values<T: serde::Serialize>(items: &[T]) -> ApiResult<Vec<serde_json::Value>> {
    items.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(ApiError::internal)
}
