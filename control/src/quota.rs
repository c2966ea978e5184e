//! How much of the node one app may use at once.

mod slots;

pub use slots::{Full, Slot, Slots};
