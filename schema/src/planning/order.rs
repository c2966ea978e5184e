//! The order of steps. Dependents (policies, foreign keys, indexes) are dropped before what they depend on, and recreated
//! after it; within a rank, steps keep the order in which they were found.

use crate::plan::Step;

/// A step and its rank.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) rank: Rank,
    pub(crate) step: Step,
}

/// Places, first to last. Tables are made without references and get them when all are there, so cycles need no care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    DropPolicy,
    DropForeignKey,
    DropConstraint,
    DropIndex,
    DropTable,
    /// Computed columns are in the way of changes to what they are computed from.
    DropGenerated,
    /// Out of the way of another one that takes its name.
    RenameAside,
    RenameObject,
    RetireEnum,
    CreateEnum,
    AlterEnum,
    CreateTable,
    AddColumn,
    DropDefault,
    AlterType,
    AlterColumn,
    /// After types: `using` may read a column that goes.
    DropColumn,
    AddGenerated,
    DropEnum,
    AddKey,
    AddCheck,
    SetNotNull,
    AddIdentity,
    /// Before references: those may rest on a unique index.
    CreateIndex,
    AddForeignKey,
    Validate,
    Rls,
    CreatePolicy,
    Comment,
    /// After the transaction.
    Outside,
}

pub(crate) fn in_order(mut drafts: Vec<Draft>) -> Vec<Step> {
    drafts.sort_by_key(|draft| draft.rank);
    drafts.into_iter().map(|draft| draft.step).collect()
}
