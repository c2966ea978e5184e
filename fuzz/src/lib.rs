//! What the targets share.

mod sketch;

pub use sketch::sketch;
