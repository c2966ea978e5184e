//! The promises given to `waitUntil`: when each began and settled, and what the guest used and printed in between.

use std::time::Instant;

use crate::error::Fault;
use crate::invocation::{BackgroundPromise, PromiseState};

/// Promises of one invocation that have a record of their own; the others are counted.
const PROMISES_MAX: usize = 100;

/// Where an invocation is: measured when a promise is given, and when it settles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) at: Instant,
    /// What is left of the fuel.
    pub(crate) fuel: u64,
    /// Console entries so far.
    pub(crate) logs: u32,
}

/// All promises of one invocation.
#[derive(Debug, Default)]
pub(super) struct Promises {
    kept: Vec<Pending>,
    dropped: u32,
}

#[derive(Debug)]
struct Pending {
    number: u32,
    begun: Mark,
    settled: Option<(Mark, Option<Fault>)>,
}

impl Promises {
    pub(super) fn begin(&mut self, number: u32, mark: Mark) {
        if self.kept.len() == PROMISES_MAX {
            self.dropped += 1;
            return;
        }
        self.kept.push(Pending { number, begun: mark, settled: None });
    }

    /// It is fulfilled, or rejected for this reason. A number that is not known is of one that was only counted.
    pub(super) fn settle(&mut self, number: u32, mark: Mark, fault: Option<Fault>) {
        let mut pending = self.kept.iter_mut().filter(|promise| promise.settled.is_none());
        if let Some(promise) = pending.find(|promise| promise.number == number) {
            promise.settled = Some((mark, fault));
        }
    }

    /// The records, with what was pending at the end, and how many there are beyond them.
    pub(super) fn finish(&self, end: Mark) -> (Vec<BackgroundPromise>, u32) {
        let records = self.kept.iter().map(|promise| {
            let (mark, state, fault) = match &promise.settled {
                Some((mark, None)) => (*mark, PromiseState::Fulfilled, None),
                Some((mark, Some(fault))) => (*mark, PromiseState::Rejected, Some(fault.clone())),
                None => (end, PromiseState::Pending, None),
            };
            BackgroundPromise {
                state,
                duration: mark.at.saturating_duration_since(promise.begun.at),
                fuel: promise.begun.fuel.saturating_sub(mark.fuel),
                logs: promise.begun.logs..mark.logs,
                fault,
            }
        });
        (records.collect(), self.dropped)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn mark(at: Instant, fuel: u64, logs: u32) -> Mark {
        Mark { at, fuel, logs }
    }

    #[test]
    fn each_has_what_passed_while_it_was_pending() {
        let begun = Instant::now();
        let later = begun + Duration::from_secs(1);
        let mut promises = Promises::default();
        promises.begin(1, mark(begun, 100, 0));
        promises.begin(2, mark(begun, 90, 1));
        promises.begin(3, mark(begun, 80, 1));
        promises.settle(2, mark(later, 50, 4), None);
        promises.settle(1, mark(later, 40, 4), Some(Fault::Hung));
        let (records, dropped) = promises.finish(mark(later + Duration::from_secs(1), 10, 5));
        let states: Vec<_> =
            records.iter().map(|record| (record.state, record.fuel, record.logs.clone())).collect();
        assert_eq!(
            states,
            [
                (PromiseState::Rejected, 60, 0..4),
                (PromiseState::Fulfilled, 40, 1..4),
                (PromiseState::Pending, 70, 1..5)
            ]
        );
        assert_eq!(
            (records[2].duration, records[0].fault.clone(), dropped),
            (Duration::from_secs(2), Some(Fault::Hung), 0)
        );
    }

    #[test]
    fn a_guest_that_gives_very_many_has_a_bound() {
        let at = Instant::now();
        let mut promises = Promises::default();
        for number in 0..=u32::try_from(PROMISES_MAX).unwrap() {
            promises.begin(number, mark(at, 0, 0));
        }
        // A number that was given twice, or never, changes one record or none.
        promises.settle(0, mark(at, 0, 0), None);
        promises.settle(0, mark(at, 0, 0), Some(Fault::Hung));
        promises.settle(7_000, mark(at, 0, 0), None);
        let (records, dropped) = promises.finish(mark(at, 0, 0));
        assert_eq!((records.len(), dropped), (PROMISES_MAX, 1));
        assert_eq!(records.iter().filter(|record| record.state == PromiseState::Fulfilled).count(), 1);
    }
}
