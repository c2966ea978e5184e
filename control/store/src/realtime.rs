//! Realtime over all nodes: messages by `NOTIFY`, large ones by way of a table; the table of presence; and which apps'
//! tables have changed.

mod changes;
mod messages;
mod presence;

use crate::Store;

pub use changes::ToldChanges;
pub use messages::{Arrival, Envelope, Messages};
pub use presence::{Member, NewMember};

/// The tables of realtime.
#[derive(Debug, Clone, Copy)]
pub struct RealtimeTables<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The tables of realtime.
    pub fn realtime(&self) -> RealtimeTables<'_> {
        RealtimeTables { store: self }
    }

    /// Listen for the messages of all nodes, this one's included.
    pub fn messages(&self) -> Messages {
        Messages::start(self)
    }
}
