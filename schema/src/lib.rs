//! Declared schema in, ordered safe SQL out; and the platform's own numbered migrations.

mod error;
mod migrate;

pub use error::MigrateError;
pub use migrate::{MIGRATIONS, Migration, migrate, run};
