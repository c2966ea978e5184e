//! Declarations: the DSL's types, its parser, and whether code and declaration fit together.

pub(crate) mod compatibility;
pub mod dsl;
pub(crate) mod expression;
pub(crate) mod node;
pub mod parse;
