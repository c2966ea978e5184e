//! An app's schema: read, changed by declaration, gone back with; and who may see which rows.

mod fit;
pub mod rls;

use mayfly_schema::{Declared, Node, Outcome};
use serde_json::{Map, Value};

use crate::auth::Manager;
use mayfly_api::error::{ApiError, ApiResult};
use mayfly_api::fields::Fields;
use mayfly_store::Store;
use mayfly_tenant_db::tenant::{RecordedChange, SchemaChange, Tenants, schema_rules};

/// The use case.
#[derive(Debug, Clone)]
pub struct Schemas {
    /// The apps' databases.
    pub tenants: Tenants,
    /// The platform's tables: which functions serve.
    pub store: Store,
}

/// `{schema, dry_run?, name?, online?}`
#[derive(Debug)]
pub struct ApplyRequest {
    declared: Declared,
    /// Only show what would be done.
    pub dry_run: bool,
    name: Option<String>,
    online: bool,
}

/// `{id, dry_run?, name?}`
#[derive(Debug)]
pub struct RollbackRequest {
    id: i64,
    /// Only show what would be done.
    pub dry_run: bool,
    name: Option<String>,
}

/// An app's schema, to be shown.
#[derive(Debug)]
pub struct Found {
    /// The declaration.
    pub schema: Node,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Names of the tables.
    pub tables: Vec<String>,
    /// What is there beside them.
    pub unmanaged: Value,
}

impl ApplyRequest {
    /// Read the body. The declaration's own mistakes are named by their path within it.
    pub fn read(body: Node) -> ApiResult<Self> {
        let Node::Object(members) = body else {
            return Err(ApiError::invalid("", "expected an object"));
        };
        let (schema, rest): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "schema");
        let (_, schema) =
            schema.into_iter().next().ok_or_else(|| ApiError::invalid("schema", "is missing"))?;
        let rest: Map<String, Value> = rest
            .into_iter()
            .map(|(name, node)| {
                Ok((name, serde_json::from_str(&node.to_string()).map_err(ApiError::internal)?))
            })
            .collect::<ApiResult<_>>()?;
        let mut fields = Fields::of(Value::Object(rest), "")?;
        let dry_run = fields.flag("dry_run")?.unwrap_or(false);
        let name = fields.text("name", 1, 200)?;
        let online = fields.flag("online")?.unwrap_or(false);
        fields.finish()?;
        let declared = Declared::parse(&schema, &schema_rules())
            .map_err(mayfly_tenant_db::api_error::declaration_error)?;
        Ok(Self { declared, dry_run, name, online })
    }
}

impl RollbackRequest {
    /// Read the body.
    pub fn read(body: Value) -> ApiResult<Self> {
        let mut fields = Fields::of(body, "")?;
        let id = fields.number("id", 1, u32::MAX)?.ok_or_else(|| ApiError::invalid("id", "is missing"))?;
        let dry_run = fields.flag("dry_run")?.unwrap_or(false);
        let name = fields.text("name", 1, 200)?;
        fields.finish()?;
        Ok(Self { id: i64::from(id), dry_run, name })
    }
}

impl Schemas {
    /// The schema as it is.
    pub async fn get(&self, app: &str) -> ApiResult<Found> {
        let catalog = self.tenants.schema(app).await?;
        Ok(Found {
            schema: mayfly_schema::write::write(&catalog, false),
            fingerprint: mayfly_schema::apply::fingerprint(&catalog),
            tables: catalog.tables.keys().cloned().collect(),
            unmanaged: serde_json::to_value(&catalog.unmanaged).map_err(ApiError::internal)?,
        })
    }

    /// Bring the app to a declared schema.
    pub async fn apply(&self, app: &str, by: &Manager, request: ApplyRequest) -> ApiResult<Outcome> {
        let change = SchemaChange {
            dry_run: request.dry_run,
            online: request.online,
            name: request.name,
            key_id: by.key_id().map(str::to_owned),
            kind: "apply".to_owned(),
            lossless: false,
        };
        Ok(self.tenants.apply_schema(app, &request.declared, &change).await?)
    }

    /// Back to a recorded schema; and which functions do not fit it.
    pub async fn rollback(
        &self,
        app: &str,
        by: &Manager,
        request: RollbackRequest,
    ) -> ApiResult<(Outcome, Vec<String>)> {
        let change = SchemaChange {
            dry_run: request.dry_run,
            name: request.name.or_else(|| Some(format!("rollback to {}", request.id))),
            key_id: by.key_id().map(str::to_owned),
            kind: "rollback".to_owned(),
            lossless: true,
            online: false,
        };
        let outcome = self.tenants.rollback_schema(app, request.id, &change).await?;
        let warnings = self.function_warnings(app, &outcome.catalog).await;
        Ok((outcome, warnings))
    }

    /// What was done to it, newest first.
    pub async fn history(&self, app: &str) -> ApiResult<Vec<RecordedChange>> {
        Ok(self.tenants.changes(app).await?)
    }
}
