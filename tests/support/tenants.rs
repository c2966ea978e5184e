//! Apps with databases of their own on the shared server.

use std::sync::Arc;

use mayfly_common::tasks::Tasks;
use mayfly_runtime::providers::{BigintMode, Database, GuestError, RowShape, Statement, Value};
use mayfly_secrets::KeyRing;
use mayfly_tenant_db::db::DbLimits;
use mayfly_tenant_db::identity::Identity;
use mayfly_tenant_db::tenant::{MigrationScript, Tenants};
use serde_json::Value as Json;
use tokio::sync::OnceCell;

use crate::cluster::{endpoint, store};

static TENANTS: OnceCell<Tenants> = OnceCell::const_new();

/// The shared tenants, with the usual bounds. Only from within [`run`](crate::cluster::run).
pub async fn tenants() -> Tenants {
    TENANTS.get_or_init(|| tenants_with(DbLimits::default())).await.clone()
}

/// Tenants with other limits. Apps belong to the server: each is reachable through every instance.
pub async fn tenants_with(bounds: DbLimits) -> Tenants {
    Tenants::start(store().await, keys(), endpoint(), bounds, Tasks::new())
        .await
        .expect("the server is fit for tenants")
}

/// The key ring shared by the process: every test decrypts the others' secrets.
pub fn keys() -> Arc<KeyRing> {
    static KEYS: std::sync::LazyLock<Arc<KeyRing>> = std::sync::LazyLock::new(|| {
        let directory = tempfile::tempdir().expect("a directory");
        Arc::new(KeyRing::load_or_create(&directory.path().join("secrets.key")).expect("a key ring"))
    });
    Arc::clone(&KEYS)
}

/// A test's own app.
pub struct TestApp {
    /// Its id.
    pub id: String,
    /// The tenants that it is reached through.
    pub tenants: Tenants,
}

impl TestApp {
    /// Creates an app, and runs a script in its database.
    pub async fn new(script: &str) -> Self {
        Self::on(&tenants().await, script).await
    }

    /// Creates one through these tenants.
    pub async fn on(tenants: &Tenants, script: &str) -> Self {
        let app = tenants.create("test").await.expect("the app is made");
        let app = Self { id: app.id, tenants: tenants.clone() };
        if !script.is_empty() {
            app.script(script).await;
        }
        app
    }

    /// Run a script as the owner.
    pub async fn script(&self, sql: &str) {
        let script = MigrationScript { sql: sql.to_owned(), name: None, key_id: None };
        self.tenants.run_script(&self.id, script).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    }

    /// `ctx.db` without a user.
    pub fn service(&self) -> Arc<dyn Database> {
        self.tenants.database(self.id.as_str(), Identity::Service)
    }

    /// `ctx.db` of an end user.
    pub fn user(&self, id: &str) -> Arc<dyn Database> {
        self.tenants.database(self.id.as_str(), Identity::User { id: id.to_owned() })
    }

    /// `ctx.db` of the anon role.
    pub fn anon(&self) -> Arc<dyn Database> {
        self.tenants.database(self.id.as_str(), Identity::Anon)
    }
}

/// A statement with parameters.
pub fn statement(sql: &str, params: Vec<Value>) -> Statement {
    Statement { sql: sql.to_owned(), params, bigint: BigintMode::Auto, shape: RowShape::Object }
}

/// The whole result of a statement.
pub async fn answer(db: &Arc<dyn Database>, sql: &str, params: Vec<Value>) -> Result<Json, GuestError> {
    let result = Arc::clone(db).query(statement(sql, params)).await?;
    Ok(serde_json::from_slice(&result.json).expect("the answer is JSON"))
}

/// Its rows.
pub async fn rows(db: &Arc<dyn Database>, sql: &str) -> Json {
    rows_with(db, sql, Vec::new()).await
}

/// Its rows, with parameters.
pub async fn rows_with(db: &Arc<dyn Database>, sql: &str, params: Vec<Value>) -> Json {
    let mut answer = answer(db, sql, params).await.unwrap_or_else(|error| panic!("{error}\n{sql}"));
    answer["rows"].take()
}

/// The error's code.
pub async fn code(db: &Arc<dyn Database>, sql: &str) -> String {
    answer(db, sql, Vec::new()).await.expect_err(sql).code
}
