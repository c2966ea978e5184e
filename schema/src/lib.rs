//! Declared schema in, ordered safe SQL out; and the platform's own numbered migrations.
//!
//! The road of a declaration, one file a phase: [`parse`], `introspect`, `rename`, `normalise`, `complete`, `diff`,
//! `order`, and [`apply`](mod@apply), which runs them. [`write`](mod@write) is the way back, [`history`] what was done.

pub mod apply;
pub mod catalog;
mod complete;
mod create;
mod diff;
pub mod dsl;
mod error;
mod expression;
mod fit;
pub mod history;
mod introspect;
mod node;
mod normalise;
mod order;
pub mod parse;
mod pipeline;
pub mod plan;
mod platform;
pub mod quote;
mod rename;
mod render;
mod report;
pub mod rls;
mod seed;
mod settled;
pub mod typescript;
mod words;
pub mod write;

pub use apply::{Options, Outcome, apply, read};
pub use catalog::Catalog;
pub use diff::compare;
pub use dsl::Declared;
pub use error::{SchemaError, StepFailure};
pub use expression::Expression;
pub use fit::misfits;
pub use history::Ledger;
pub use node::Node;
pub use parse::{ParseError, Rules};
pub use plan::{Consent, Hazard, Loss, Plan, Step};
pub use platform::{MIGRATIONS, MigrateError, Migration, migrate, run};
pub use rename::Renames;
pub use report::report;
