//! Apps' databases: provisioned, checked, reached and dropped.

mod admin;
mod error;
mod findings;
mod inspection;
mod migration_lock;
mod provision;
mod rls;
mod roles;
mod schema;
mod script;
mod server_check;
mod sweep;
mod tenants;
mod warden;

pub(crate) use admin::ManagementClient;
pub use error::{ScriptError, TenantError};
pub use findings::{OpenDatabase, OpenDatabases};
pub use rls::PolicyChange;
pub use schema::schema_rules_unbounded;
pub use schema::{RecordedChange, SchemaChange, rules as schema_rules};
pub use script::{AppliedScript, MigrationScript};
pub use tenants::Tenants;
pub use tenants::{CLAIMS_KEY, PASSWORD};
pub use warden::{Measured, Warden, WardenLimits};
