//! Running an invocation again: with the same image, limits and answers it uses the same fuel, to the unit.

mod recorder;
mod recording;

use std::time::{Duration, Instant};

use wasmtime::Error;

pub(crate) use recorder::{Event, Events, Recorder};
pub use recording::{InvalidRecording, Recording};

use crate::engine::Engine;
use crate::host::ending::Deadline;
use crate::host::outside::Outside;
use crate::host::request::Incoming;
use crate::image::Image;
use crate::invoke::{Outcome, collect, conclude, drive, unattended};
use crate::limits::Limits;
use crate::providers::Grants;

/// The wall clock of a replay: nothing in it waits, so its fuel ends it long before.
const TIMEOUT: Duration = Duration::from_secs(600);

/// How a replay went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// What came out. Its durations are the replay's own.
    pub outcome: Outcome,
    /// What the guest did otherwise than then; `None`: it did the same.
    pub divergence: Option<String>,
}

impl Engine {
    /// Runs a recorded invocation again, without anything outside: whatever it was told then, it is told now.
    ///
    /// # Errors
    /// [`InvalidRecording`] when the recording cannot be read.
    pub async fn replay(&self, image: &Image, recording: &Recording) -> Result<Replay, InvalidRecording> {
        let recorded = recording.read()?;
        let limits = Limits { timeout: TIMEOUT, background: TIMEOUT, ..recorded.limits };
        let started = Instant::now();
        let deadline = Deadline::new(started, limits.timeout);
        let ending = unattended(deadline.clone(), &limits);
        let incoming = Incoming::replayed(recorded.incoming);
        let mut store = self.inner.store(started, incoming, ending, Grants::default(), &limits);
        store.data_mut().outside = Outside::Replay(recorded.events);
        let ended = drive(self.inner.run(&mut store, image), &deadline).await;
        conclude(&mut store, ended, &limits).await;
        let divergence = match &mut store.data_mut().outside {
            Outside::Replay(events) => events.divergence(),
            Outside::Live | Outside::Recording(_) => None,
        };
        Ok(Replay { outcome: collect(store, started, &limits), divergence })
    }
}

/// The guest asked for something else than it did then.
fn diverged(what: &str) -> Error {
    Error::msg(format!("the replay diverged: the guest asked for {what}"))
}
