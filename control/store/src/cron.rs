//! The table of cron slots: a row for each slot of each cron trigger, from the moment it is due to its outcome.
//!
//! Times are the database's own, so the nodes' clocks do not matter; a test gives its own `now`.

mod claim;
mod history;
mod plan;
mod settle;

use chrono::{DateTime, Utc};

use crate::Store;

pub use claim::{ClaimedSlot, SlotClaim};
pub use history::{CronSlot, ManualRun};
pub use plan::{DueTrigger, NewSlot, Planned, TriggerPlan};
pub use settle::{SlotOutcome, SlotRelease};

/// The table of cron slots.
#[derive(Debug, Clone, Copy)]
pub struct CronTable<'a> {
    pub(super) store: &'a Store,
}

/// Names a slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SlotKey {
    /// `fn_...`
    pub function_id: String,
    /// Whether it was asked for beside the schedule.
    pub manual: bool,
    /// When it is due.
    pub scheduled_at: DateTime<Utc>,
}

impl Store {
    /// The table of cron slots.
    pub fn cron(&self) -> CronTable<'_> {
        CronTable { store: self }
    }
}
