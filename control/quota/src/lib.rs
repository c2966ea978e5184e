//! How much of the node, and of a day, one app may use.

mod daily;
mod fair;
mod limits;
mod rate;
mod refused;
mod slots;
mod turns;

pub use daily::Daily;
pub use limits::{AppLimits, DailyLimits, EffectiveLimits, Rate};
pub use refused::Refused;
pub use slots::{Slot, Slots};
pub use turns::{InTurns, Turns};
