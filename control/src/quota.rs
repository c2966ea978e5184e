//! How much of the node one app may use at once.

mod limits;
mod slots;

pub use limits::{AppLimits, DailyLimits, EffectiveLimits, Rate};
pub use slots::{Full, Slot, Slots};
