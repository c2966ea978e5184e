//! Turns on the processor: so many sandboxes run at once, and whoever used least of it is next.
//!
//! A guest yields several times in a millisecond of its own time. Without turns, the executor would serve all that want to go on in
//! the order in which they came: of a tenant's hundred loops each would stand before another tenant's one request.
//!
//! Whoever would be next anyway need not even wait until a step ends: a few may go beside the others, where the kernel
//! divides the processors. The step costs them that place, so that only those who use little ever have it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::fair::Fair;

/// A step of a guest that used up its time; shorter ones wait for something.
const LONG_STEP: Duration = Duration::from_micros(100);

/// The node's turns. Cheap to clone.
#[derive(Clone)]
pub struct Turns {
    inner: Arc<Inner>,
}

struct Inner {
    max: u32,
    beside_max: u32,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: u32,
    beside: u32,
    next_ticket: u64,
    queue: Fair<Arc<str>, u64>,
    /// Who waits, and who has been called and not come yet: a turn is taken for them.
    tickets: HashMap<u64, Ticket>,
}

enum Ticket {
    Waiting(Waker),
    Called,
}

impl Turns {
    /// So many at once, and so many beside them.
    pub fn new(max: u32, beside_max: u32) -> Self {
        Self { inner: Arc::new(Inner { max: max.max(1), beside_max, state: Mutex::default() }) }
    }

    /// Run a future of this app's, each of its steps in a turn.
    pub fn run<F: Future>(&self, app: Arc<str>, weight: u32, work: F) -> InTurns<F> {
        InTurns { work, place: Place { turns: self.clone(), app, weight, ticket: None, beside: false } }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Call those whose turn it is.
    fn call(&mut self, max: u32) {
        while self.taken < max {
            let Some((app, ticket)) = self.queue.pop(|_| true) else { return };
            self.queue.begin(&app);
            self.taken += 1;
            if let Some(Ticket::Waiting(waker)) = self.tickets.insert(ticket, Ticket::Called) {
                waker.wake();
            }
        }
    }
}

pin_project! {
    /// A future that takes a turn for each step.
    pub struct InTurns<F> {
        #[pin]
        work: F,
        place: Place,
    }
}

/// Where one future stands.
struct Place {
    turns: Turns,
    app: Arc<str>,
    weight: u32,
    ticket: Option<u64>,
    /// Whether the turn that we have is one beside the others.
    beside: bool,
}

impl Place {
    /// Whether it is our turn now; else we are woken when it is.
    fn enter(&mut self, cx: &Context<'_>) -> bool {
        let mut state = self.turns.state();
        if let Some(ticket) = self.ticket {
            return match state.tickets.get_mut(&ticket) {
                Some(Ticket::Waiting(waker)) => {
                    waker.clone_from(cx.waker());
                    false
                }
                Some(Ticket::Called) | None => {
                    state.tickets.remove(&ticket);
                    self.ticket = None;
                    true
                }
            };
        }
        if state.taken < self.turns.inner.max && state.queue.is_empty() {
            state.taken += 1;
            state.queue.pass(&self.app);
            state.queue.begin(&self.app);
            return true;
        }
        if state.beside < self.turns.inner.beside_max && state.queue.is_behind(&self.app) {
            state.beside += 1;
            self.beside = true;
            state.queue.pass(&self.app);
            state.queue.begin(&self.app);
            return true;
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.queue.push(&self.app, ticket);
        state.tickets.insert(ticket, Ticket::Waiting(cx.waker().clone()));
        self.ticket = Some(ticket);
        false
    }

    fn leave(&mut self, cost: u64) {
        let mut state = self.turns.state();
        if std::mem::take(&mut self.beside) {
            state.beside = state.beside.saturating_sub(1);
        } else {
            state.taken = state.taken.saturating_sub(1);
        }
        state.queue.end(&self.app);
        state.queue.charge(&self.app, cost, self.weight);
        state.call(self.turns.inner.max);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.turns.state();
        match state.tickets.remove(&ticket) {
            // The turn that was kept for us is another's.
            Some(Ticket::Called) => {
                state.taken = state.taken.saturating_sub(1);
                state.queue.end(&self.app);
                state.call(self.turns.inner.max);
            }
            Some(Ticket::Waiting(_)) | None => state.queue.remove(&self.app, |waiting| *waiting == ticket),
        }
    }
}

/// Gives the turn back, also when the step panics.
struct Turn<'a> {
    place: &'a mut Place,
    since: Instant,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.place.leave(u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
}

impl<F: Future> Future for InTurns<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !this.place.enter(cx) {
            return Poll::Pending;
        }
        let since = Instant::now();
        let polled = {
            let _turn = Turn { place: this.place, since };
            this.work.poll(cx)
        };
        // A guest that goes on and on would keep its processor until the kernel's own patience ends, some steps later.
        if polled.is_pending() && since.elapsed() >= LONG_STEP {
            std::thread::yield_now();
        }
        polled
    }
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns").field("max", &self.inner.max).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker_ref;

    use super::*;

    fn context() -> Context<'static> {
        Context::from_waker(noop_waker_ref())
    }

    fn place_of(turns: &Turns, app: &str) -> Place {
        Place { turns: turns.clone(), app: app.into(), weight: 1, ticket: None, beside: false }
    }

    /// A step that takes a while, and then another.
    async fn spin(steps: u32) {
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn no_more_than_so_many_at_once_and_the_one_behind_is_next() {
        let turns = Turns::new(1, 0);
        let place = |app: &str| place_of(&turns, app);
        let (mut a, mut b, mut c, mut quiet) =
            (place("flood"), place("flood"), place("flood"), place("quiet"));
        assert!(a.enter(&context()));
        assert!(!b.enter(&context()) && !c.enter(&context()));
        a.leave(1_000);
        // `b` was called; meanwhile the quiet one comes, and the flood's next step comes after it.
        assert!(!quiet.enter(&context()));
        assert!(b.enter(&context()) && !c.enter(&context()) && !a.enter(&context()));
        b.leave(1_000);
        assert!(!c.enter(&context()) && !a.enter(&context()));
        assert!(quiet.enter(&context()), "before those of the flood that came earlier");
        quiet.leave(10);
        assert!(c.enter(&context()));
        c.leave(1);
    }

    #[test]
    fn who_goes_away_leaves_no_turn_taken() {
        let turns = Turns::new(1, 0);
        let place = |app: &str| place_of(&turns, app);
        let (mut first, mut second, mut third) = (place("a"), place("b"), place("c"));
        assert!(first.enter(&context()));
        assert!(!second.enter(&context()) && !third.enter(&context()));
        drop(second);
        first.leave(1);
        drop(third);
        let mut fourth = place("d");
        assert!(fourth.enter(&context()), "one waited and left, one was called and left");
        fourth.leave(1);
        let state = turns.state();
        assert_eq!((state.taken, state.tickets.len()), (0, 0));
    }

    #[test]
    fn who_uses_little_goes_beside_the_others_and_pays_for_it() {
        let turns = Turns::new(1, 1);
        let place = |app: &str| place_of(&turns, app);
        let (mut a, mut b, mut quiet, mut late) =
            (place("flood"), place("flood"), place("quiet"), place("late"));
        assert!(a.enter(&context()));
        a.leave(1_000);
        assert!(a.enter(&context()));
        assert!(!b.enter(&context()), "the flood has spent something already");
        assert!(quiet.enter(&context()), "beside");
        assert!(!late.enter(&context()), "one at a time");
        quiet.leave(5_000);
        assert!(!quiet.enter(&context()), "it has had its step");
        a.leave(1_000);
        assert!(late.enter(&context()), "the next is the one that has had nothing");
        late.leave(1);
        assert!(b.enter(&context()));
        b.leave(1_000);
        assert!(quiet.enter(&context()));
        quiet.leave(1);
        let state = turns.state();
        assert_eq!((state.taken, state.beside, state.tickets.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn all_get_through_whatever_the_number_of_turns() {
        for max in [1, 2, 7] {
            let turns = Turns::new(max, 1);
            let work = (0..100).map(|number| {
                let app: Arc<str> = format!("app{}", number % 7).into();
                tokio::spawn(turns.run(app, 1, spin(number % 13)))
            });
            for done in work.collect::<Vec<_>>() {
                done.await.unwrap();
            }
            let state = turns.state();
            assert_eq!((state.taken, state.tickets.len()), (0, 0));
            assert!(state.queue.is_empty());
        }
    }

    #[tokio::test]
    async fn a_step_that_panics_gives_its_turn_back() {
        let turns = Turns::new(1, 0);
        let panics = tokio::spawn(turns.run("a".into(), 1, async { panic!("on purpose") }));
        assert!(panics.await.is_err());
        turns.run("b".into(), 1, async {}).await;
        assert_eq!(turns.state().taken, 0);
    }
}
