//! Fair CPU scheduler: at most N sandboxes execute at once, and the app with the least CPU use executes next; of one app,
//! those that have just begun take turns with those that go on and on.
//!
//! A guest yields several times in a millisecond of its own time. Without the scheduler, the executor would poll all
//! runnable guests in the order in which they came: each of a tenant's hundred loops would come before another tenant's
//! one request.
//!
//! What computes for long lets the thread's other tasks go first, at each step, and has the sockets looked at: else a
//! request would wait for a step of another's at every stage of its way.
//!
//! A guest that would be next anyway need not even wait for a slot that is promised to another: it gets one of a few extra
//! CPU slots, and runs on the first thread that comes to it. The step costs its app that place, so that only apps that use
//! little ever have it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::fair_queue::{FairQueue, Work};

/// A step of a guest that used up its time; shorter ones wait for something.
const LONG_STEP: Duration = Duration::from_micros(100);

/// Nanoseconds of execution up to which a future is short: within its app, it takes turns with the long ones, and does not
/// wait for a step of each.
const SHORT: u64 = 1_000_000;

/// The node's CPU scheduler. Cheap to clone.
#[derive(Clone)]
pub struct CpuScheduler {
    slots_max: u32,
    extra_max: u32,
    /// Whether a thread offers its processor to others after a long step. Where there is but one, Linux then lets a thread
    /// that did so wait for seconds behind others that do not.
    offers_processor: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    taken: u32,
    extra: u32,
    next_ticket: u64,
    queue: FairQueue<Arc<str>, u64>,
    /// The futures that wait, and those that were woken and not polled yet: a slot is reserved for them.
    tickets: HashMap<u64, Ticket>,
}

enum Ticket {
    Waiting(Waker),
    Woken,
}

impl CpuScheduler {
    /// `slots_max` CPU slots, and `extra_max` for apps that would be next anyway.
    pub fn new(slots_max: u32, extra_max: u32) -> Self {
        Self {
            slots_max: slots_max.max(1),
            extra_max,
            offers_processor: slots_max > 1,
            state: Arc::default(),
        }
    }

    /// Runs a future of this app: each of its steps in a CPU slot.
    pub fn run<F: Future>(&self, app: Arc<str>, weight: u32, work: F) -> Scheduled<F> {
        let task = Task {
            scheduler: self.clone(),
            app,
            weight,
            ticket: None,
            is_inside: false,
            has_extra: false,
            spent: 0,
        };
        Scheduled { work, task, yielding: None }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Wakes the futures that get a slot now.
    fn wake(&mut self, max: u32) {
        while self.taken < max {
            let Some((app, ticket)) = self.queue.pop(|_| true) else { return };
            self.queue.begin(&app);
            self.taken += 1;
            if let Some(Ticket::Waiting(waker)) = self.tickets.insert(ticket, Ticket::Woken) {
                waker.wake();
            }
        }
    }
}

pin_project! {
    /// A future that takes a CPU slot for each step.
    pub struct Scheduled<F> {
        #[pin]
        work: F,
        task: Task,
        // What it waits for before a step, where it computes for long.
        yielding: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    }
}

/// The scheduling state of one future.
struct Task {
    scheduler: CpuScheduler,
    app: Arc<str>,
    weight: u32,
    ticket: Option<u64>,
    /// Whether it has a slot.
    is_inside: bool,
    /// Whether the slot that it holds is an extra one.
    has_extra: bool,
    /// Nanoseconds that it has executed.
    spent: u64,
}

impl Task {
    /// Whether it has a slot now; else it is woken when it gets one.
    fn enter(&mut self, cx: &Context<'_>) -> bool {
        self.is_inside = self.is_inside || self.take_slot(cx);
        self.is_inside
    }

    fn take_slot(&mut self, cx: &Context<'_>) -> bool {
        let mut state = self.scheduler.state();
        if let Some(ticket) = self.ticket {
            return match state.tickets.get_mut(&ticket) {
                Some(Ticket::Waiting(waker)) => {
                    waker.clone_from(cx.waker());
                    false
                }
                Some(Ticket::Woken) | None => {
                    state.tickets.remove(&ticket);
                    self.ticket = None;
                    true
                }
            };
        }
        if state.taken < self.scheduler.slots_max && state.queue.is_empty() {
            state.taken += 1;
            state.queue.pass(&self.app);
            state.queue.begin(&self.app);
            return true;
        }
        if state.extra < self.scheduler.extra_max && state.queue.is_behind(&self.app) {
            state.extra += 1;
            self.has_extra = true;
            state.queue.pass(&self.app);
            state.queue.begin(&self.app);
            return true;
        }
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        let work = if self.is_long() { Work::Long } else { Work::Short };
        state.queue.push(&self.app, work, ticket);
        state.tickets.insert(ticket, Ticket::Waiting(cx.waker().clone()));
        self.ticket = Some(ticket);
        false
    }

    /// Whether it computes for long.
    fn is_long(&self) -> bool {
        self.spent >= SHORT
    }

    fn leave(&mut self, cost: u64) {
        self.is_inside = false;
        self.spent = self.spent.saturating_add(cost);
        let mut state = self.scheduler.state();
        if std::mem::take(&mut self.has_extra) {
            state.extra = state.extra.saturating_sub(1);
        } else {
            state.taken = state.taken.saturating_sub(1);
        }
        state.queue.end(&self.app);
        state.queue.charge(&self.app, cost, self.weight);
        state.wake(self.scheduler.slots_max);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.is_inside {
            self.leave(0);
        }
        let Some(ticket) = self.ticket else { return };
        let mut state = self.scheduler.state();
        match state.tickets.remove(&ticket) {
            // The slot that was reserved for it goes to the next.
            Some(Ticket::Woken) => {
                state.taken = state.taken.saturating_sub(1);
                state.queue.end(&self.app);
                state.wake(self.scheduler.slots_max);
            }
            Some(Ticket::Waiting(_)) | None => state.queue.remove(&self.app, |waiting| *waiting == ticket),
        }
    }
}

/// The CPU slot of one step. It is released also when the step panics.
struct CpuSlot<'a> {
    task: &'a mut Task,
    since: Instant,
}

impl Drop for CpuSlot<'_> {
    fn drop(&mut self) {
        self.task.leave(u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
}

impl<F: Future> Future for Scheduled<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !this.task.enter(cx) {
            return Poll::Pending;
        }
        if this.task.is_long() {
            // Its step holds the thread for as long as a hundred requests would: what can go on goes on first, and the
            // sockets are looked at.
            let yielding = this.yielding.get_or_insert_with(|| Box::pin(tokio::task::yield_now()));
            if yielding.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            *this.yielding = None;
        }
        let since = Instant::now();
        let polled = {
            let _slot = CpuSlot { task: this.task, since };
            this.work.poll(cx)
        };
        // A guest that never waits would keep its processor until the kernel's own time slice ends, some steps later.
        if polled.is_pending() && this.task.scheduler.offers_processor && since.elapsed() >= LONG_STEP {
            std::thread::yield_now();
        }
        polled
    }
}

impl std::fmt::Debug for CpuScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CpuScheduler").field("slots_max", &self.slots_max).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker_ref;

    use super::*;

    fn context() -> Context<'static> {
        Context::from_waker(noop_waker_ref())
    }

    fn task_of(scheduler: &CpuScheduler, app: &str) -> Task {
        Task {
            scheduler: scheduler.clone(),
            app: app.into(),
            weight: 1,
            ticket: None,
            is_inside: false,
            has_extra: false,
            spent: 0,
        }
    }

    /// A step that takes a while, and then another.
    async fn spin(steps: u32) {
        for _ in 0..steps {
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn no_more_than_the_slots_at_once_and_the_app_behind_is_next() {
        let scheduler = CpuScheduler::new(1, 0);
        let task = |app: &str| task_of(&scheduler, app);
        let (mut a, mut b, mut c, mut quiet) = (task("flood"), task("flood"), task("flood"), task("quiet"));
        assert!(a.enter(&context()));
        assert!(!b.enter(&context()) && !c.enter(&context()));
        a.leave(1_000);
        // `b` was woken; then the quiet one comes, and the flood's next step comes after it.
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
    fn of_one_app_what_has_just_begun_waits_for_no_round_of_long_ones() {
        let scheduler = CpuScheduler::new(1, 0);
        let task = || task_of(&scheduler, "app");
        let mut running = task();
        assert!(running.enter(&context()));
        let (mut long, mut new): (Vec<_>, Vec<_>) = (0..3).map(|_| (task(), task())).unzip();
        for task in &mut long {
            task.spent = SHORT;
            assert!(!task.enter(&context()));
        }
        for task in &mut new {
            assert!(!task.enter(&context()));
        }
        running.leave(SHORT);
        for place in 0..3 {
            assert!(!long[place].enter(&context()) && new[place].enter(&context()));
            new[place].leave(10);
            assert!(long[place].enter(&context()), "the short ones do not keep it from its turn");
            long[place].leave(SHORT);
        }
        assert_eq!(scheduler.state().taken, 0);
    }

    #[test]
    fn a_dropped_future_leaves_no_slot_taken() {
        let scheduler = CpuScheduler::new(1, 0);
        let task = |app: &str| task_of(&scheduler, app);
        let (mut first, mut second, mut third) = (task("a"), task("b"), task("c"));
        assert!(first.enter(&context()));
        assert!(!second.enter(&context()) && !third.enter(&context()));
        drop(second);
        first.leave(1);
        drop(third);
        let mut fourth = task("d");
        assert!(fourth.enter(&context()), "one waited and left, one was woken and left");
        fourth.leave(1);
        let state = scheduler.state();
        assert_eq!((state.taken, state.tickets.len()), (0, 0));
    }

    #[test]
    fn an_app_that_uses_little_gets_an_extra_slot_and_pays_for_it() {
        let scheduler = CpuScheduler::new(1, 1);
        let task = |app: &str| task_of(&scheduler, app);
        let (mut a, mut b, mut quiet, mut late) = (task("flood"), task("flood"), task("quiet"), task("late"));
        assert!(a.enter(&context()));
        a.leave(1_000);
        assert!(a.enter(&context()));
        assert!(!b.enter(&context()), "the flood has spent something already");
        assert!(quiet.enter(&context()), "an extra slot");
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
        let state = scheduler.state();
        assert_eq!((state.taken, state.extra, state.tickets.len()), (0, 0, 0));
    }

    #[tokio::test]
    async fn all_complete_whatever_the_number_of_slots() {
        for max in [1, 2, 7] {
            let scheduler = CpuScheduler::new(max, 1);
            let work = (0..100).map(|number| {
                let app: Arc<str> = format!("app{}", number % 7).into();
                tokio::spawn(scheduler.run(app, 1, spin(number % 13)))
            });
            for done in work.collect::<Vec<_>>() {
                done.await.unwrap();
            }
            let state = scheduler.state();
            assert_eq!((state.taken, state.tickets.len()), (0, 0));
            assert!(state.queue.is_empty());
        }
    }

    #[tokio::test]
    async fn before_a_step_of_what_computes_for_long_goes_what_is_ready() {
        let scheduler = CpuScheduler::new(1, 0);
        for (spent, expected) in [(0, ["step", "ready"]), (SHORT, ["ready", "step"])] {
            let order = Arc::new(Mutex::new(Vec::new()));
            let note = |what| {
                let order = Arc::clone(&order);
                async move { order.lock().unwrap().push(what) }
            };
            let mut step = scheduler.run("app".into(), 1, note("step"));
            step.task.spent = spent;
            let (step, ready) = (tokio::spawn(step), tokio::spawn(note("ready")));
            step.await.unwrap();
            ready.await.unwrap();
            assert_eq!(*order.lock().unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn a_future_dropped_before_its_step_gives_its_slot_back() {
        let scheduler = CpuScheduler::new(1, 0);
        let mut long = Box::pin(scheduler.run("a".into(), 1, async {}));
        long.as_mut().project().task.spent = SHORT;
        assert!(futures_util::poll!(long.as_mut()).is_pending(), "it lets others go first");
        assert_eq!(scheduler.state().taken, 1);
        drop(long);
        scheduler.run("b".into(), 1, async {}).await;
        assert_eq!(scheduler.state().taken, 0);
    }

    #[tokio::test]
    async fn a_step_that_panics_releases_its_slot() {
        let scheduler = CpuScheduler::new(1, 0);
        let panics = tokio::spawn(scheduler.run("a".into(), 1, async { panic!("on purpose") }));
        assert!(panics.await.is_err());
        scheduler.run("b".into(), 1, async {}).await;
        assert_eq!(scheduler.state().taken, 0);
    }
}
