//! Declared schema in, ordered safe SQL out; and the platform's own numbered migrations.
//!
//! The road of a declaration, one file a phase: [`parse`] (`declare/`), `introspect` (`catalog/`), `rename`, `normalise`,
//! `complete`, `diff`, `order` (`planning/`), and [`apply`](mod@apply), which runs them. [`write`](mod@write) is the way
//! back, [`history`] what was done.

pub mod apply;
pub mod catalog;
mod declare;
mod error;
pub mod history;
mod pipeline;
pub mod plan;
mod planning;
mod platform;
pub mod quote;
mod report;
pub mod rls;
pub mod typescript;

pub use apply::{ApplyOutcome, Options, apply, read};
pub use catalog::{Catalog, write};
pub use declare::compatibility::misfits;
pub use declare::dsl::{self, Declared};
pub use declare::expression::Expression;
pub use declare::node::Node;
pub use declare::parse::{self, ParseError, Rules};
pub use error::{SchemaError, StepFailure};
pub use history::ChangeHistory;
pub use plan::{Consent, Hazard, Loss, Plan, Step};
pub use planning::diff::compare;
pub use planning::rename::Renames;
pub use platform::{MIGRATIONS, MigrateError, Migration, migrate, run};
pub use report::report;
