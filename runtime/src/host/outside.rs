//! What no two runs of a guest share: randomness, clocks, and the host's answers in their order.
//!
//! Live, they come from the machine. While recording, they are written down as well. In a replay they come from the
//! recording, and a guest that asks for anything else than it did then has diverged.

use std::time::{Instant, UNIX_EPOCH};

use ring::rand::{SecureRandom, SystemRandom};
use wasmtime::{Error, Result};

use crate::clock;
use crate::replay::{Event, Events, Recorder};

// Coarse on purpose: a fine clock is what timing attacks are made of.
const CLOCK_STEP_NS: u128 = 1_000_000;

/// A clock that the guest may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    Real,
    Monotonic,
}

/// What a guest that waits is told.
pub(crate) enum Told {
    /// That this operation has this answer.
    Answer(u32, Vec<u8>),
    /// That none is pending.
    NothingPending,
}

/// Where everything comes from that the guest cannot work out for itself.
pub(crate) enum Outside {
    /// From the machine.
    Live,
    /// From the machine, and into a recording.
    Recording(Recorder),
    /// From a recording.
    Replay(Events),
}

impl Outside {
    pub(crate) fn is_replay(&self) -> bool {
        matches!(self, Self::Replay(_))
    }

    /// Fill the guest's buffer with randomness.
    pub(crate) fn random(&mut self, bytes: &mut [u8]) -> Result<()> {
        if let Self::Replay(events) = self {
            let Event::Random(then) = events.next()? else { return Err(events.diverged("randomness")) };
            if then.len() != bytes.len() {
                return Err(events.diverged("randomness"));
            }
            bytes.copy_from_slice(&then);
            return Ok(());
        }
        SystemRandom::new().fill(bytes).map_err(|_| Error::msg("no randomness"))?;
        self.record(|| Event::Random(bytes.to_vec()));
        Ok(())
    }

    /// Read a clock, in nanoseconds.
    pub(crate) fn clock(&mut self, clock: Clock, started: Instant) -> Result<u64> {
        if let Self::Replay(events) = self {
            return match events.next()? {
                Event::Clock(then) => Ok(then),
                _ => Err(events.diverged("the time")),
            };
        }
        let now = match clock {
            Clock::Real => clock::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
            Clock::Monotonic => started.elapsed(),
        };
        let coarse = (now.as_nanos() / CLOCK_STEP_NS * CLOCK_STEP_NS) as u64;
        self.record(|| Event::Clock(coarse));
        Ok(coarse)
    }

    /// How much wall clock is left, in milliseconds; `now` is what the machine says.
    pub(crate) fn time_left(&mut self, now: u64) -> Result<u64> {
        if let Self::Replay(events) = self {
            return match events.next()? {
                Event::TimeLeft(then) => Ok(then),
                _ => Err(events.diverged("the time that is left")),
            };
        }
        self.record(|| Event::TimeLeft(now));
        Ok(now)
    }

    /// What the guest was told when it waited; `None` outside of a replay.
    pub(crate) fn told_then(&mut self) -> Result<Option<Told>> {
        let Self::Replay(events) = self else { return Ok(None) };
        match events.next()? {
            Event::Answer(number, answer) => Ok(Some(Told::Answer(number, answer))),
            Event::NothingPending => Ok(Some(Told::NothingPending)),
            _ => Err(events.diverged("an answer")),
        }
    }

    /// Write down what an operation was answered.
    pub(crate) fn answered(&mut self, answered: Option<(u32, &[u8])>) {
        self.record(|| match answered {
            Some((number, answer)) => Event::Answer(number, answer.to_vec()),
            None => Event::NothingPending,
        });
    }

    fn record(&mut self, event: impl FnOnce() -> Event) {
        if let Self::Recording(recorder) = self {
            recorder.write(event());
        }
    }
}
