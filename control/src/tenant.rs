//! Apps' own databases: made, checked, reached and dropped.

mod error;
mod identity;

pub use error::{ScriptError, TenantError};
pub use identity::Identity;
