//! The CPU budget in fuel, and a reserve beyond it, in which a function that ran out can report its stack.

/// Fuel between two yields to the async executor: about a quarter of a millisecond of CPU, which is what a quiet
/// neighbour may have to wait for. The wall clock is checked there.
pub(crate) const FUEL_BETWEEN_YIELDS: u64 = 2_500_000;

/// What a guest may burn beyond its limit, in fuel: 2 ms. An interpreter in a loop notices well before; native work that
/// does not is stopped at the end of it.
const RESERVE: u64 = 20_000_000;

/// What the store's own account of the fuel does not know.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// What host calls cost that was not taken yet.
    pub(crate) debt: u64,
    /// What was left when a host call last yielded.
    pub(crate) yielded_at: u64,
}

/// The fuel to begin with.
pub(crate) fn with_reserve(limit: u64) -> u64 {
    limit.saturating_add(RESERVE)
}

/// The fuel used, from what is left of it.
pub(crate) fn used(limit: u64, left: u64) -> u64 {
    with_reserve(limit).saturating_sub(left)
}

/// Whether the limit itself is used up.
pub(crate) fn is_over(left: u64) -> bool {
    left <= RESERVE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_what_was_asked_for() {
        assert!(!is_over(with_reserve(1)) && is_over(with_reserve(1) - 1));
        assert_eq!(used(10, with_reserve(10) - 7), 7);
        assert_eq!(used(10, 0), 10 + RESERVE);
    }
}
