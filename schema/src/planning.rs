//! Planning: from a catalogue and a declaration to the steps between them, in a safe order.

pub(crate) mod complete;
pub(crate) mod create;
pub(crate) mod diff;
pub(crate) mod mentions;
pub(crate) mod normalise;
mod order;
pub(crate) mod rename;
pub(crate) mod render;
pub(crate) mod seed_rows;
pub(crate) mod unchanged;
