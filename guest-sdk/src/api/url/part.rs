//! The parts of a URL, by the numbers that the prelude's `Parts` gives them.

pub(super) const PROTOCOL: u32 = 0;
pub(super) const USERNAME: u32 = 1;
pub(super) const PASSWORD: u32 = 2;
pub(super) const HOST: u32 = 3;
pub(super) const HOSTNAME: u32 = 4;
pub(super) const PORT: u32 = 5;
pub(super) const PATHNAME: u32 = 6;
pub(super) const SEARCH: u32 = 7;
pub(super) const HASH: u32 = 8;
