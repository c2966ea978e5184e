//! `Catalog`: a schema as PostgreSQL's catalogues have it, every type and expression in PostgreSQL's own spelling.

pub(crate) mod fingerprint;
pub(crate) mod introspect;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};

use crate::declare::dsl::{ForeignKey, IdentityKind, Index, Key, Rls};
use crate::declare::expression::Expression;

/// The tables and enums of one schema, and what else is in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalog {
    /// By name.
    pub tables: BTreeMap<String, Table>,
    /// The values of each enum, in order.
    pub enums: BTreeMap<String, Vec<String>>,
    /// Objects that are never touched.
    pub unmanaged: Vec<Unmanaged>,
}

/// Something that the schema has and the DSL does not describe.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Unmanaged {
    /// `view`, `function`, `trigger`, `extension`...
    pub kind: String,
    /// Its name, with arguments where it has some.
    pub name: String,
    /// The table that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// In PostgreSQL's order.
    pub columns: Vec<Column>,
    /// By name.
    pub constraints: BTreeMap<String, Constraint>,
    /// Those that back no constraint, by name.
    pub indexes: BTreeMap<String, TableIndex>,
    /// Row-level security.
    pub rls: Rls,
    /// Its comment.
    pub comment: Option<String>,
    /// How many rows PostgreSQL thinks it has; 0 before it was ever analysed.
    pub rows_estimate: i64,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// As `format_type` writes it.
    pub ty: String,
    /// What the type is made of.
    pub shape: TypeShape,
    /// Whether NULL may stand in it.
    pub nullable: bool,
    /// The default; none for serials.
    pub default: Option<Expression>,
    /// The expression that it is computed from.
    pub generated: Option<Expression>,
    /// Numbered by PostgreSQL.
    pub identity: Option<IdentityKind>,
    /// When it is not the type's own.
    pub collation: Option<String>,
    /// Its comment.
    pub comment: Option<String>,
    /// The sequence of its own that its default takes numbers from.
    pub serial: Option<String>,
}

/// What a type is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypeShape {
    /// The name of the type, of an array's elements, or of what a domain is over.
    pub base: String,
    /// Whether it is an array.
    pub array: bool,
    /// Whether the base is an enum.
    pub is_enum: bool,
}

/// A constraint.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    /// Its name.
    pub name: String,
    /// Whether the caller chose the name; else it is PostgreSQL's, and means nothing.
    pub named: bool,
    /// What it says.
    pub body: ConstraintBody,
    /// Whether all rows are known to keep it.
    pub validated: bool,
}

/// What a constraint says.
#[derive(Debug, Clone, PartialEq)]
pub enum ConstraintBody {
    /// `PRIMARY KEY`
    Primary(Key),
    /// `UNIQUE`
    Unique(Key),
    /// `CHECK`, with the condition.
    Check(Expression),
    /// `FOREIGN KEY`, with the index over there that it rests on.
    Foreign(ForeignKey, Option<String>),
    /// `EXCLUDE`, with what follows the word.
    Exclusion(Expression),
}

/// An index, and whether it was ever finished.
#[derive(Debug, Clone, PartialEq)]
pub struct TableIndex {
    /// What it is.
    pub index: Index,
    /// A concurrent build that broke off leaves one that is not.
    pub valid: bool,
}

impl Table {
    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The primary key.
    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints.values().find(|constraint| matches!(constraint.body, ConstraintBody::Primary(_)))
    }

    /// The primary key's columns.
    pub fn key_columns(&self) -> &[String] {
        match self.primary_key().map(|constraint| &constraint.body) {
            Some(ConstraintBody::Primary(key)) => &key.columns,
            _ => &[],
        }
    }
}

impl Constraint {
    /// The table's columns that it names; none where it is an expression.
    pub fn columns(&self) -> &[String] {
        match &self.body {
            ConstraintBody::Primary(key) | ConstraintBody::Unique(key) => &key.columns,
            ConstraintBody::Foreign(key, _) => &key.columns,
            ConstraintBody::Check(_) | ConstraintBody::Exclusion(_) => &[],
        }
    }
}

impl ConstraintBody {
    /// Whether both mean the same, their names and JSON paths left out.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Primary(a), Self::Primary(b)) | (Self::Unique(a), Self::Unique(b)) => same_key(a, b),
            (Self::Check(a), Self::Check(b)) | (Self::Exclusion(a), Self::Exclusion(b)) => a == b,
            (Self::Foreign(a, _), Self::Foreign(b, _)) => same_reference(a, b),
            _ => false,
        }
    }
}

fn same_key(a: &Key, b: &Key) -> bool {
    a.columns == b.columns
        && a.include == b.include
        && a.nulls_not_distinct == b.nulls_not_distinct
        && a.deferral == b.deferral
}

/// The pairs of columns count, not their order.
fn same_reference(a: &ForeignKey, b: &ForeignKey) -> bool {
    let pairs = |key: &ForeignKey| -> BTreeSet<(String, String)> {
        key.columns.iter().cloned().zip(key.references.iter().cloned()).collect()
    };
    let set = |key: &ForeignKey| -> BTreeSet<String> { key.on_delete_columns.iter().cloned().collect() };
    pairs(a) == pairs(b)
        && (&a.schema, &a.table) == (&b.schema, &b.table)
        && (a.on_delete, a.on_update, a.match_full, a.deferral)
            == (b.on_delete, b.on_update, b.match_full, b.deferral)
        && set(a) == set(b)
}
