//! Apps' own databases: made, checked, reached and dropped.

mod error;
mod inspect;
mod provision;
mod rls;
mod roles;
mod schema;
mod script;
mod suitable;
mod sweep;
mod tenants;
mod turns;

pub use error::{ScriptError, TenantError};
pub use inspect::{OpenDatabase, OpenDatabases};
pub use rls::PolicyChange;
pub use schema::schema_rules_unbounded;
pub use schema::{RecordedChange, SchemaChange, rules as schema_rules};
pub use script::{AppliedScript, Script};
pub use tenants::Tenants;
pub use tenants::{CLAIMS_KEY, PASSWORD};
