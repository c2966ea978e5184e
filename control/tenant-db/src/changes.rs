//! The change feed: which tables record what is changed in them, reading that, and what of it an identity may see.
//!
//! Recording is done by triggers (`tenant/changes.sql`), and only as long as a node reads.

mod reader;
mod tables;
mod visible;

pub use crate::db::AppWakes;
pub use reader::{ChangeBatch, ChangePosition, ChangeReader, TableChange};
pub use tables::{RealtimeTable, TABLE_BYTES_MAX, TABLES_MAX};
pub use visible::IMAGES_MAX;
