//! Mayfly with its compiler of hot functions: still a fresh sandbox for each request.

use super::{Shares, Start, Way};
use crate::work::Needs;

pub(super) const WAY: Way = Way {
    name: "mayfly-hot",
    about: "the same, hot functions compiled to machine code (--compile-hot on)",
    shares: Shares::Nothing,
    has: &[Needs::Timers, Needs::Database],
    start: Start::Mayfly(&["--compile-hot", "on"]),
};
