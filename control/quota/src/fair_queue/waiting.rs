//! Those of one app that wait: what is short and what is long, by turns, each in the order in which they came.

use std::collections::VecDeque;

/// What is known of a waiter's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Work {
    /// It has cost little so far: it is likely to end soon.
    Short,
    /// It has cost more, or nothing is known.
    Long,
}

/// The waiters of one app, each with the number of its arrival.
#[derive(Debug)]
pub(super) struct Waiting<W> {
    short: VecDeque<(u64, W)>,
    long: VecDeque<(u64, W)>,
    /// Whether the last one taken was short: while both wait, the next one is not.
    short_was_last: bool,
}

impl<W> Default for Waiting<W> {
    fn default() -> Self {
        Self { short: VecDeque::new(), long: VecDeque::new(), short_was_last: false }
    }
}

impl<W> Waiting<W> {
    pub(super) fn push(&mut self, work: Work, arrival: u64, waiter: W) {
        match work {
            Work::Short => self.short.push_back((arrival, waiter)),
            Work::Long => self.long.push_back((arrival, waiter)),
        }
    }

    /// The arrival of the next one.
    pub(super) fn next_arrival(&self) -> Option<u64> {
        let next = if self.is_short_next() { &self.short } else { &self.long };
        next.front().map(|(arrival, _)| *arrival)
    }

    pub(super) fn pop(&mut self) -> Option<W> {
        self.short_was_last = self.is_short_next();
        let next = if self.short_was_last { &mut self.short } else { &mut self.long };
        next.pop_front().map(|(_, waiter)| waiter)
    }

    pub(super) fn len(&self) -> usize {
        self.short.len() + self.long.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.short.is_empty() && self.long.is_empty()
    }

    /// Remove waiters. Says how many there were.
    pub(super) fn remove(&mut self, mut gone: impl FnMut(&W) -> bool) -> usize {
        let before = self.len();
        self.short.retain(|(_, waiter)| !gone(waiter));
        self.long.retain(|(_, waiter)| !gone(waiter));
        before - self.len()
    }

    fn is_short_next(&self) -> bool {
        !self.short.is_empty() && (self.long.is_empty() || !self.short_was_last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_ones_pass_long_ones_but_not_all_at_once() {
        let mut waiting = Waiting::default();
        for (arrival, name) in ["l1", "l2", "l3"].into_iter().enumerate() {
            waiting.push(Work::Long, arrival as u64, name);
        }
        for (arrival, name) in ["s1", "s2"].into_iter().enumerate() {
            waiting.push(Work::Short, 10 + arrival as u64, name);
        }
        assert_eq!((waiting.len(), waiting.next_arrival()), (5, Some(10)));
        let order: Vec<_> = std::iter::from_fn(|| waiting.pop()).collect();
        assert_eq!(order, ["s1", "l1", "s2", "l2", "l3"]);
        assert!(waiting.is_empty() && waiting.next_arrival().is_none());
    }

    #[test]
    fn what_is_gone_is_counted() {
        let mut waiting = Waiting::default();
        for number in 0..4 {
            waiting.push(if number % 2 == 0 { Work::Short } else { Work::Long }, number, number);
        }
        assert_eq!(waiting.remove(|number| *number < 3), 3);
        assert_eq!((waiting.pop(), waiting.pop()), (Some(3), None));
    }
}
