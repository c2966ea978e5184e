//! Runs a recorded invocation again: with the same image, limits and answers it uses the same fuel, to the unit.

use std::time::{Duration, Instant};

use crate::capability::completion::Completion;
use crate::capability::deadline::Deadline;
use crate::capability::nondeterminism::Nondeterminism;
use crate::capability::request::Incoming;
use crate::guest::Guest;
use crate::image::Image;
use crate::invocation::Outcome;
use crate::invoke::{collect, conclude, drive, run};
use crate::limits::Limits;
use crate::providers::Grants;
use crate::recording::{InvalidRecording, Recording};

/// The wall clock of a replay: nothing in it waits, so its fuel ends it long before.
const TIMEOUT: Duration = Duration::from_secs(600);

/// How a replay went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// What came out. Its durations are the replay's own.
    pub outcome: Outcome,
    /// Where the guest did something else than when it was recorded; `None` where it never did.
    pub divergence: Option<String>,
}

/// See [`crate::Engine::replay`].
pub(crate) async fn replay(
    guest: &Guest,
    image: &Image,
    recording: &Recording,
) -> Result<Replay, InvalidRecording> {
    let recorded = recording.read()?;
    let limits = Limits { timeout: TIMEOUT, background: TIMEOUT, ..recorded.limits };
    let started = Instant::now();
    let deadline = Deadline::new(started, limits.timeout);
    let completion = Completion::unattended(deadline.clone(), &limits);
    let incoming = Incoming::replayed(recorded.incoming);
    let mut store = guest.store(started, incoming, completion, Grants::default(), &limits);
    store.data_mut().nondeterminism = Nondeterminism::Replay(recorded.events);
    let ended = drive(run(guest, &mut store, image), &deadline).await;
    conclude(&mut store, ended, &limits).await;
    let divergence = match &mut store.data_mut().nondeterminism {
        Nondeterminism::Replay(events) => events.divergence(),
        Nondeterminism::Live | Nondeterminism::Recording(_) | Nondeterminism::Fixed => None,
    };
    Ok(Replay { outcome: collect(store, started, &limits), divergence })
}
