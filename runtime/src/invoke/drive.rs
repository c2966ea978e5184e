//! Runs a guest until it ends or its deadline passes, and classifies how it ended.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::Sleep;
use wasmtime::{Store, Trap};

use super::interrupted_stack::{awaiting_stack, interrupted_stack};
use crate::capability::deadline::Deadline;
use crate::error::{Fault, Thrown, Waited};
use crate::limits::Limits;
use crate::meter::fuel;
use crate::sandbox::{Sandbox, fuel_left};

/// How a guest stopped running.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It returned.
    Returned,
    /// It trapped, or the host ended it.
    Trapped(wasmtime::Error),
    /// The wall clock ran out.
    OutOfTime,
}

/// Polls the guest until it ends or the deadline passes. The guest yields several times in a millisecond of CPU, so the deadline is
/// looked at that often; dropping the guest's future at such a point unwinds its stack.
pub(crate) async fn drive(guest: impl Future<Output = wasmtime::Result<()>>, deadline: &Deadline) -> Ended {
    let mut guest = pin!(guest);
    // Most guests end in the first poll and never need a timer.
    let mut timer: Option<Pin<Box<Sleep>>> = None;
    poll_fn(move |cx| {
        if let Poll::Ready(result) = guest.as_mut().poll(cx) {
            return Poll::Ready(match result {
                Ok(()) => Ended::Returned,
                Err(error) => Ended::Trapped(error),
            });
        }
        loop {
            let at = deadline.at();
            if Instant::now() >= at {
                return Poll::Ready(Ended::OutOfTime);
            }
            let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at.into())));
            if timer.deadline().into_std() != at {
                // The response has been given since: the time that is left is for the background phase.
                timer.as_mut().reset(at.into());
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// Writes into the sandbox how the guest ended, where the guest has not said so itself.
pub(crate) async fn conclude(store: &mut Store<Sandbox>, ended: Ended, limits: &Limits) {
    let sandbox = store.data_mut();
    let completed = sandbox.completion.completed();
    let fault = match ended {
        Ended::Returned if completed.is_some() && sandbox.completion.is_done() => return,
        // Nothing is pending, and the handler, or a promise given to `waitUntil`, still waits.
        Ended::Returned => Fault::Hung,
        Ended::OutOfTime => {
            let (since, limit) = sandbox.completion.clock(sandbox.started, limits);
            timed_out(store, since.elapsed(), limit).await
        }
        Ended::Trapped(error) => fault_of_trap(&error, store, limits).await,
    };
    let left = fuel_left(store);
    let sandbox = store.data_mut();
    if completed.is_some() {
        sandbox.completion.background_failed(fault);
    } else {
        sandbox.completion.fail(fault, left);
    }
}

/// How many of the operations that an invocation has waited for are asked for what waits.
const AWAITED_MAX: usize = 8;

/// The wall clock ran out: what was running, or what was waited for.
pub(crate) async fn timed_out(store: &mut Store<Sandbox>, elapsed: Duration, limit: Duration) -> Fault {
    let awaited = store.data().operations.awaited();
    let Some(first) = awaited.first().copied() else {
        let stack = interrupted_stack(store).await;
        return Fault::TimedOut { elapsed, limit, stack, waited: None };
    };
    let mut told = (first, String::new());
    for operation in awaited.into_iter().take(AWAITED_MAX) {
        let stack = awaiting_stack(store, operation.0).await;
        if !stack.is_empty() {
            told = (operation, stack);
            break;
        }
    }
    let ((_, operation, waited), stack) = told;
    Fault::TimedOut { elapsed, limit, stack, waited: Some(Waited { operation, elapsed: waited }) }
}

/// Which limit a trap stands for, and the interrupted stack.
pub(crate) async fn fault_of_trap(
    error: &wasmtime::Error,
    store: &mut Store<Sandbox>,
    limits: &Limits,
) -> Fault {
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::StackOverflow) {
        return Fault::StackOverflow(Thrown {
            message: "RangeError: Maximum call stack size exceeded".to_owned(),
            ..Thrown::default()
        });
    }
    let left = fuel_left(store);
    let limiter = &store.data().limiter;
    let (held, limit, denied) = (limiter.peak(), limiter.limit(), limiter.denied());
    let shortage = limiter.shortage();
    if trap == Some(&Trap::OutOfFuel) {
        let used = fuel::used(limits.fuel, left);
        Fault::CpuLimit { used, limit: limits.fuel, stack: interrupted_stack(store).await }
    } else if let Some(shortage) = shortage {
        Fault::NoMemory(shortage)
    } else if denied {
        // An engine that cannot allocate even the error it wants to throw gives up in its own ways.
        Fault::MemoryLimit { used: held, limit, stack: interrupted_stack(store).await }
    } else if let Some(trap) = trap {
        Fault::Trapped { reason: trap.to_string(), stack: interrupted_stack(store).await }
    } else {
        Fault::Internal { reason: format!("{error:?}") }
    }
}
