//! Takes a finished invocation's sandbox apart into its [`Outcome`].

use std::time::Instant;

use wasmtime::Store;

use crate::capability::completion::Mark;
use crate::capability::nondeterminism::Nondeterminism;
use crate::invocation::{Background, Outcome, ResourceUsage};
use crate::limits::Limits;
use crate::meter::fuel;
use crate::recording::Recording;
use crate::sandbox::{Sandbox, fuel_left};

/// The outcome of a sandbox whose guest has ended.
pub(crate) fn collect(store: Store<Sandbox>, started: Instant, limits: &Limits) -> Outcome {
    let now = Instant::now();
    let left = fuel_left(&store);
    let mut sandbox = store.into_data();
    let completed = sandbox.completion.completed();
    let (went_on, background_fault) = sandbox.completion.background();
    let end = Mark { at: now, fuel: left, logs: sandbox.console.entries() };
    let (promises, promises_dropped) = sandbox.completion.promises(end);
    let background = completed.filter(|_| went_on || !promises.is_empty()).map(|completed| Background {
        duration: now - completed.at,
        fuel: completed.fuel.saturating_sub(left),
        fault: background_fault,
        promises,
        promises_dropped,
    });
    let recording = recording(&mut sandbox, limits);
    Outcome {
        status: completed.and_then(|completed| completed.status),
        fault: sandbox.completion.fault().cloned(),
        background,
        usage: ResourceUsage {
            fuel: fuel::used(limits.fuel, left),
            memory_peak_bytes: sandbox.limiter.peak(),
            duration: completed.map_or(now, |completed| completed.at) - started,
            database: sandbox.operations.database_time(),
            host_operations: sandbox.operations.begun(),
            egress_bytes: sandbox.egress.bytes() + sandbox.sockets.bytes(),
        },
        logs: sandbox.console.finish(),
        samples: sandbox.samples.finish(),
        recording,
    }
}

fn recording(sandbox: &mut Sandbox, limits: &Limits) -> Option<Recording> {
    let source = std::mem::replace(&mut sandbox.nondeterminism, Nondeterminism::Live);
    let Nondeterminism::Recording(recorder) = source else {
        return None;
    };
    let events = recorder.finish()?;
    let recording = Recording::of(limits, &sandbox.incoming.recorded()?, &events);
    (recording.as_bytes().len() <= limits.recording_bytes).then_some(recording)
}
