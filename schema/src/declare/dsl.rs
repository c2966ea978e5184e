//! The DSL's types: a declaration as it was written, types and expressions in the caller's spelling.

use std::collections::{BTreeMap, BTreeSet};

use crate::declare::expression::Expression;
use crate::declare::node::Node;

/// A whole schema.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// Tables, in the order in which they were written.
    pub tables: Vec<DeclaredTable>,
    /// Enums by name.
    pub enums: BTreeMap<String, Enum>,
    /// Tables that may be dropped.
    pub drop_tables: BTreeSet<String>,
    /// Enums that may be dropped.
    pub drop_enums: BTreeSet<String>,
}

/// An enum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Enum {
    /// In their order.
    pub values: Vec<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// Values that may be removed.
    pub drop_values: BTreeSet<String>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeclaredTable {
    /// Its name.
    pub name: String,
    /// In the order in which they were written.
    pub columns: Vec<DeclaredColumn>,
    /// The primary key, wherever it was written.
    pub primary_key: Option<Key>,
    /// Unique constraints.
    pub uniques: Vec<Key>,
    /// Check constraints.
    pub checks: Vec<Check>,
    /// Foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
    /// Exclusion constraints.
    pub exclusions: Vec<Check>,
    /// Indexes; `None`: nothing is said about them, so they stay.
    pub indexes: Option<Vec<Index>>,
    /// Row-level security; `None`: nothing is said about it, so it stays.
    pub rls: Option<Rls>,
    /// A comment; `None`: nothing is said about it.
    pub comment: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// Columns that may lose their values.
    pub drop_columns: BTreeSet<String>,
    /// Indexes that may be dropped.
    pub drop_indexes: BTreeSet<String>,
    /// Rows that have to be there.
    pub seed: Vec<Vec<(String, Node)>>,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeclaredColumn {
    /// Its name.
    pub name: String,
    /// The type, in the caller's spelling.
    pub ty: String,
    /// Whether NULL may stand in it.
    pub nullable: bool,
    /// The default's expression.
    pub default: Option<Expression>,
    /// The expression that it is computed from.
    pub generated: Option<Expression>,
    /// Numbered by PostgreSQL.
    pub identity: Option<IdentityKind>,
    /// The collation's name.
    pub collation: Option<String>,
    /// A comment; `None`: nothing is said about it.
    pub comment: Option<String>,
    /// What it was called before.
    pub renamed_from: Option<String>,
    /// How old values become new ones when the type changes.
    pub using: Option<String>,
}

/// `GENERATED ... AS IDENTITY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// A value of one's own is refused.
    Always,
    /// A value of one's own is taken.
    ByDefault,
}

/// A primary key or a unique constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// `None`: PostgreSQL names it.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// Columns that its index carries along.
    pub include: Vec<String>,
    /// `NULLS NOT DISTINCT`: two NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// When it is checked.
    pub deferral: Deferral,
}

/// When a constraint is checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Deferral {
    /// At once, always.
    #[default]
    Never,
    /// At once, unless a transaction puts it off.
    Deferrable,
    /// At the end of the transaction.
    Deferred,
}

/// A check or exclusion constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Check {
    /// `None`: PostgreSQL names it.
    pub name: Option<String>,
    /// The condition; for an exclusion, all that follows `EXCLUDE`.
    pub expression: String,
    /// Where it was written.
    pub path: String,
}

/// A foreign key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignKey {
    /// `None`: PostgreSQL names it.
    pub name: Option<String>,
    /// Its columns.
    pub columns: Vec<String>,
    /// The schema of the table that it points at, when it is another one.
    pub schema: Option<String>,
    /// The table that it points at.
    pub table: String,
    /// The columns there; none: its primary key.
    pub references: Vec<String>,
    /// `ON DELETE`
    pub on_delete: Action,
    /// Only these columns are set by `ON DELETE SET NULL` and `SET DEFAULT`; none: all.
    pub on_delete_columns: Vec<String>,
    /// `ON UPDATE`
    pub on_update: Action,
    /// `MATCH FULL`
    pub match_full: bool,
    /// When it is checked.
    pub deferral: Deferral,
    /// Where it was written.
    pub path: String,
}

/// What happens to a row when the row that it references is deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Action {
    /// It is refused at the end of the statement.
    #[default]
    NoAction,
    /// It is refused at once.
    Restrict,
    /// The row goes too.
    Cascade,
    /// The column becomes NULL.
    SetNull,
    /// The column gets its default.
    SetDefault,
}

impl Action {
    /// All of them.
    pub(crate) const ALL: [Self; 5] =
        [Self::NoAction, Self::Restrict, Self::Cascade, Self::SetNull, Self::SetDefault];

    /// In SQL and in the DSL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAction => "NO ACTION",
            Self::Restrict => "RESTRICT",
            Self::Cascade => "CASCADE",
            Self::SetNull => "SET NULL",
            Self::SetDefault => "SET DEFAULT",
        }
    }
}

/// An index that backs no constraint.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// What it is over.
    pub keys: Vec<IndexKey>,
    /// No two rows alike.
    pub unique: bool,
    /// `btree`, `gin`...
    pub method: Option<String>,
    /// Only these rows.
    pub predicate: Option<Expression>,
    /// Columns that it carries along.
    pub include: Vec<String>,
    /// `NULLS NOT DISTINCT`: two NULLs count as equal.
    pub nulls_not_distinct: bool,
    /// `WITH (...)`
    pub parameters: BTreeMap<String, String>,
    /// Built without keeping writers waiting, outside of the transaction.
    pub concurrently: bool,
}

/// One key of an index.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexKey {
    /// A column, or an expression.
    pub target: KeyTarget,
    /// `COLLATE`
    pub collation: Option<String>,
    /// The operator class.
    pub opclass: Option<String>,
    /// `DESC`
    pub descending: bool,
    /// `NULLS FIRST`, `NULLS LAST`, or what goes with the order.
    pub nulls_first: Option<bool>,
}

/// What a key of an index is over.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyTarget {
    /// A column.
    Column(String),
    /// An expression.
    Expression(Expression),
}

impl Default for KeyTarget {
    fn default() -> Self {
        Self::Column(String::new())
    }
}

/// Row-level security of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rls {
    /// Policies decide.
    pub enabled: bool,
    /// For the table's owner too.
    pub forced: bool,
    /// By name.
    pub policies: BTreeMap<String, Policy>,
}

/// A policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `ALL`, `SELECT`, `INSERT`, `UPDATE` or `DELETE`.
    pub command: String,
    /// Sorted; `public` for everyone.
    pub roles: BTreeSet<String>,
    /// Which rows are seen.
    pub using: Option<Expression>,
    /// Which rows may be written.
    pub check: Option<Expression>,
    /// All restrictive ones have to agree, beside one permissive.
    pub restrictive: bool,
}
