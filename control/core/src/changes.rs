//! The change feed: sockets follow tables, each as far as row-level security shows it their rows.
//!
//! A node reads an app's changes only while one of its sockets follows a table of it.

mod delivery;
mod feed;
mod feeds;
mod filter;
mod frame;
mod subscription;
mod use_cases;

pub use feeds::ChangeFeeds;
pub use filter::RowFilter;
pub use subscription::TableSubscription;
