//! Places of a kind that apps wait for in turn: threads, builds, connections.
//!
//! A place that comes free goes to the waiting app that has fewest, and none takes the last part of them while it has
//! one already.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many places there are, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct PlaceBounds {
    /// In all.
    pub total: u32,
    /// Of one app.
    pub per_app: u32,
    /// Of all, those that only an app without any takes.
    pub reserve: u32,
    /// How many of one app may wait.
    pub waiting_per_app: usize,
}

/// The places. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Places {
    bounds: PlaceBounds,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    taken: u32,
    apps: HashMap<Arc<str>, App>,
    /// Counts up with each that begins to wait: who waits longest, among equals, is next.
    tickets: u64,
}

#[derive(Debug, Default)]
struct App {
    taken: u32,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    place: oneshot::Sender<TakenPlace>,
}

/// One place. Dropping it hands it on.
#[derive(Debug)]
pub struct TakenPlace {
    places: Places,
    app: Arc<str>,
}

/// As many of the app wait as may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many of this app wait already")]
pub struct TooManyWait;

impl Places {
    /// All of them free.
    pub fn new(bounds: PlaceBounds) -> Self {
        Self { bounds, state: Arc::default() }
    }

    /// A place for this app; waits for one. A caller that stops waiting loses its turn.
    ///
    /// # Errors
    /// [`TooManyWait`], at once.
    pub async fn take(&self, app: &str) -> Result<TakenPlace, TooManyWait> {
        let (ticket, place) = {
            let mut state = self.state();
            let app = state.named(app);
            if state.may_take(&app, self.bounds)
                && state.apps.get(&app).is_none_or(|app| app.waiting.is_empty())
            {
                return Ok(state.issue(self, app));
            }
            let ticket = state.tickets;
            state.tickets += 1;
            let entry = state.apps.entry(app).or_default();
            if entry.waiting.len() >= self.bounds.waiting_per_app {
                return Err(TooManyWait);
            }
            let (sender, place) = oneshot::channel();
            entry.waiting.push_back(Waiter { ticket, place: sender });
            (ticket, place)
        };
        let left = Leaves { places: self, app, ticket };
        // The sender is dropped with its waiter alone, which only this call removes.
        let place = place.await.map_err(|_| TooManyWait);
        drop(left);
        place
    }

    /// A place for this app, if one is free for it.
    pub fn try_take(&self, app: &str) -> Option<TakenPlace> {
        let mut state = self.state();
        let app = state.named(app);
        state.may_take(&app, self.bounds).then(|| state.issue(self, app))
    }

    /// How many are taken.
    pub fn taken(&self) -> u32 {
        self.state().taken
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.state().apps.values().map(|app| app.waiting.len()).sum()
    }

    /// Hands out what is free.
    fn serve(&self) {
        loop {
            let mut state = self.state();
            let Some((waiter, place)) = state.next(self) else { return };
            drop(state);
            // Outside the lock: a place that is not wanted any more goes on by being dropped.
            let _ = waiter.place.send(place);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn named(&self, app: &str) -> Arc<str> {
        self.apps.get_key_value(app).map_or_else(|| app.into(), |(name, _)| Arc::clone(name))
    }

    fn may_take(&self, app: &str, bounds: PlaceBounds) -> bool {
        let has = self.apps.get(app).map_or(0, |app| app.taken);
        let open = if has == 0 { bounds.total } else { bounds.total.saturating_sub(bounds.reserve) };
        has < bounds.per_app && self.taken < open
    }

    fn issue(&mut self, places: &Places, app: Arc<str>) -> TakenPlace {
        self.taken += 1;
        self.apps.entry(Arc::clone(&app)).or_default().taken += 1;
        TakenPlace { places: places.clone(), app }
    }

    fn next(&mut self, places: &Places) -> Option<(Waiter, TakenPlace)> {
        let bounds = places.bounds;
        let (name, _) = self
            .apps
            .iter()
            .filter(|(name, app)| !app.waiting.is_empty() && self.may_take(name, bounds))
            .min_by_key(|(_, app)| (app.taken, app.waiting.front().map(|waiter| waiter.ticket)))?;
        let name = Arc::clone(name);
        let waiter = self.apps.get_mut(&name)?.waiting.pop_front()?;
        Some((waiter, self.issue(places, name)))
    }

    fn forget(&mut self, app: &str) {
        if self.apps.get(app).is_some_and(|app| app.taken == 0 && app.waiting.is_empty()) {
            self.apps.remove(app);
        }
    }
}

impl Drop for TakenPlace {
    fn drop(&mut self) {
        let mut state = self.places.state();
        state.taken = state.taken.saturating_sub(1);
        if let Some(app) = state.apps.get_mut(&self.app) {
            app.taken = app.taken.saturating_sub(1);
        }
        state.forget(&self.app);
        drop(state);
        self.places.serve();
    }
}

/// A caller that waits leaves the queue, however its waiting ends.
struct Leaves<'a> {
    places: &'a Places,
    app: &'a str,
    ticket: u64,
}

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        let mut state = self.places.state();
        let left = state.apps.get_mut(self.app).and_then(|app| {
            let place = app.waiting.iter().position(|waiter| waiter.ticket == self.ticket)?;
            app.waiting.remove(place)
        });
        state.forget(self.app);
        drop(state);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const BOUNDS: PlaceBounds = PlaceBounds { total: 4, per_app: 3, reserve: 1, waiting_per_app: 2 };

    fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn the_last_are_for_those_without_any() {
        let places = Places::new(BOUNDS);
        let theirs: Vec<_> = (0..3).map(|_| places.try_take("a").unwrap()).collect();
        assert!(places.try_take("a").is_none());
        let other = places.try_take("b").unwrap();
        assert!(places.try_take("c").is_none() && places.taken() == 4);
        drop(other);
        assert!(places.try_take("c").is_some());
        drop(theirs);
        assert_eq!(places.taken(), 0);
        assert!(places.state().apps.is_empty());
    }

    #[test]
    fn who_has_fewest_is_next_and_who_leaves_is_passed_over() {
        let places = Places::new(BOUNDS);
        let mut theirs: Vec<_> = (0..3).map(|_| places.try_take("a").unwrap()).collect();
        let last = places.try_take("b").unwrap();
        let mut a = Box::pin(places.take("a"));
        let mut gone = Box::pin(places.take("c"));
        let mut c = Box::pin(places.take("c"));
        assert!(poll(a.as_mut()).is_pending() && poll(gone.as_mut()).is_pending());
        assert!(poll(c.as_mut()).is_pending());
        assert_eq!(places.waiting(), 3);
        drop(gone);
        drop(last);
        assert!(poll(a.as_mut()).is_pending(), "the last place is not for one that has some");
        let Poll::Ready(Ok(_of_c)) = poll(c.as_mut()) else { panic!("it has none, and waits") };
        theirs.pop();
        assert!(poll(a.as_mut()).is_pending(), "three are taken, the fourth is the reserve");
        theirs.pop();
        assert!(poll(a.as_mut()).is_ready());
    }

    #[test]
    fn a_queue_is_bounded_and_a_place_handed_to_one_who_left_goes_on() {
        let places = Places::new(PlaceBounds { total: 1, per_app: 1, reserve: 0, waiting_per_app: 2 });
        let held = places.try_take("a").unwrap();
        let (mut one, mut two) = (Box::pin(places.take("a")), Box::pin(places.take("a")));
        assert!(poll(one.as_mut()).is_pending() && poll(two.as_mut()).is_pending());
        assert_eq!(poll(pin!(places.take("a"))).map(|taken| taken.err()), Poll::Ready(Some(TooManyWait)));
        drop(held);
        // It was handed its place, and never looks.
        drop(one);
        assert!(poll(two.as_mut()).is_ready());
        drop(two);
        assert_eq!((places.taken(), places.waiting()), (0, 0));
    }
}
