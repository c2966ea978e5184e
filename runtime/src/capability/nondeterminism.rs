//! Sources of nondeterminism: randomness, clocks, and the order of the host's answers.
//!
//! Live, they come from the machine. While recording, they are written down as well. In a replay they come from the
//! recording, and a guest that asks for anything else than it did then has diverged. While the engine's own images are made, they are
//! always the same.

use std::time::{Instant, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use wasmtime::{Error, Result};

use crate::recording::{RecordedEvent, RecordedEvents, Recorder};

// Coarse on purpose: a fine clock is what timing attacks are made of.
const CLOCK_STEP_NS: u128 = 1_000_000;

/// A clock that the guest may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Real,
    Monotonic,
}

/// What `poll` told the guest when it was recorded.
pub(crate) enum RecordedPoll {
    /// This operation has this answer.
    Answer(u32, Vec<u8>),
    /// No operation is pending.
    NothingPending,
}

/// Where everything comes from that is not a function of the guest's own memory.
pub(crate) enum Nondeterminism {
    /// From the machine.
    Live,
    /// From the machine, and into a recording.
    Recording(Recorder),
    /// From a recording.
    Replay(RecordedEvents),
    /// The same each time, for what every invocation renews.
    Fixed,
}

/// What `Fixed` answers for each random byte.
const FIXED_BYTE: u8 = 0x6d;

impl Nondeterminism {
    pub(crate) fn is_replay(&self) -> bool {
        matches!(self, Self::Replay(_))
    }

    /// Fill the guest's buffer with randomness.
    pub(crate) fn random(&mut self, bytes: &mut [u8]) -> Result<()> {
        if let Self::Replay(events) = self {
            let RecordedEvent::Random(then) = events.next()? else {
                return Err(events.diverged("randomness"));
            };
            if then.len() != bytes.len() {
                return Err(events.diverged("randomness"));
            }
            bytes.copy_from_slice(&then);
            return Ok(());
        }
        if let Self::Fixed = self {
            bytes.fill(FIXED_BYTE);
            return Ok(());
        }
        SystemRandom::new().fill(bytes).map_err(|_| Error::msg("no randomness"))?;
        self.record(|| RecordedEvent::Random(bytes.to_vec()));
        Ok(())
    }

    /// Read a clock, in nanoseconds.
    pub(crate) fn clock(&mut self, clock: Clock, started: Instant) -> Result<u64> {
        if let Self::Replay(events) = self {
            return match events.next()? {
                RecordedEvent::Clock(then) => Ok(then),
                _ => Err(events.diverged("the time")),
            };
        }
        if let Self::Fixed = self {
            return Ok(0);
        }
        let now = match clock {
            Clock::Real => crate::clock::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            Clock::Monotonic => started.elapsed(),
        };
        let coarse = (now.as_nanos() / CLOCK_STEP_NS * CLOCK_STEP_NS) as u64;
        self.record(|| RecordedEvent::Clock(coarse));
        Ok(coarse)
    }

    /// How much wall clock is left, in milliseconds; `now` is what the machine says.
    pub(crate) fn time_left(&mut self, now: u64) -> Result<u64> {
        if let Self::Replay(events) = self {
            return match events.next()? {
                RecordedEvent::TimeLeft(then) => Ok(then),
                _ => Err(events.diverged("the time that is left")),
            };
        }
        self.record(|| RecordedEvent::TimeLeft(now));
        Ok(now)
    }

    /// What `poll` answered when this was recorded; `None` outside of a replay.
    pub(crate) fn recorded_poll(&mut self) -> Result<Option<RecordedPoll>> {
        let Self::Replay(events) = self else { return Ok(None) };
        match events.next()? {
            RecordedEvent::Answer(number, answer) => Ok(Some(RecordedPoll::Answer(number, answer))),
            RecordedEvent::NothingPending => Ok(Some(RecordedPoll::NothingPending)),
            _ => Err(events.diverged("an answer")),
        }
    }

    /// Write down what an operation was answered.
    pub(crate) fn answered(&mut self, answered: Option<(u32, &[u8])>) {
        self.record(|| match answered {
            Some((number, answer)) => RecordedEvent::Answer(number, answer.to_vec()),
            None => RecordedEvent::NothingPending,
        });
    }

    fn record(&mut self, event: impl FnOnce() -> RecordedEvent) {
        if let Self::Recording(recorder) = self {
            recorder.write(event());
        }
    }
}
