//! Computations that take longer than a guest may hold its thread: on threads that may block, as many at once as
//! processors, handed out by app. Long ones go slice by slice, so that each gives its place to others, and one whose
//! invocation has ended stops.

use std::sync::OnceLock;

use mayfly_abi::compute::Computation;
use mayfly_ledger::{PlaceBounds, Places};
use zeroize::Zeroizing;

use super::kdf::Pbkdf2;
use super::{Computed, frame, run};
use crate::blocking::TaskFailed;
use crate::capability::compute::states::States;

/// What is left to be computed.
enum Work {
    Pbkdf2(Box<Pbkdf2>),
    /// Whole, since it is bounded in what it may take.
    Whole(Zeroizing<Vec<u8>>),
    Done(Computed),
}

impl Work {
    fn of(computation: Zeroizing<Vec<u8>>) -> Self {
        match frame::open(&computation) {
            Ok((Computation::Pbkdf2, mut args)) => match Pbkdf2::open(&mut args) {
                Ok(derivation) => Self::Pbkdf2(Box::new(derivation)),
                Err(error) => Self::Done(Err(error)),
            },
            _ => Self::Whole(computation),
        }
    }

    fn step(self) -> Self {
        match self {
            Self::Pbkdf2(mut derivation) => {
                if derivation.slice() {
                    Self::Done(Ok(derivation.into_output()))
                } else {
                    Self::Pbkdf2(derivation)
                }
            }
            Self::Whole(computation) => Self::Done(run(&computation, &mut States::default())),
            Self::Done(computed) => Self::Done(computed),
        }
    }
}

/// Computes something that needs no state.
#[allow(clippy::disallowed_methods, reason = "the places limit how many computations block a thread")]
pub(crate) async fn run_apart(app: &str, computation: Zeroizing<Vec<u8>>) -> Result<Computed, TaskFailed> {
    let mut work = Work::of(computation);
    loop {
        if let Work::Done(computed) = work {
            return Ok(computed);
        }
        let place = places().take(app).await.map_err(|_| TaskFailed)?;
        let step = tokio::task::spawn_blocking(move || {
            let next = work.step();
            drop(place);
            next
        });
        work = step.await.map_err(|_| TaskFailed)?;
    }
}

/// An app that computes already leaves the last processor to others.
fn places() -> &'static Places {
    static PLACES: OnceLock<Places> = OnceLock::new();
    PLACES.get_or_init(|| {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let total = u32::try_from(processors).unwrap_or(u32::MAX);
        // Those that wait are operations of invocations, which are bounded themselves.
        Places::new(PlaceBounds {
            total,
            per_app: total,
            reserve: u32::from(total > 1),
            waiting_per_app: usize::MAX,
        })
    })
}
