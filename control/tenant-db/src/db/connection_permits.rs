//! Connection permits: how many connections there may be, and which caller gets the next one.
//!
//! Two queues. The first is each login's own, first come, first served: an app that asks for a thousand waits behind
//! itself. Only as many as a login may have at once get into the second, for the connections that all apps share. There
//! the app that uses the fewest is next, and the last quarter is kept for apps that use none. Idle connections count as
//! free: they are closed for callers who need others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// The right to use one of a login's connections: a login has a limited number of them in use at once.
pub(super) type LoginPermit = OwnedSemaphorePermit;

/// The permits for open connections, which all apps share. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionPermits(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Kept for apps that use none.
    reserve: usize,
    /// What one app can use.
    app_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    free: usize,
    /// Open, and used by no caller.
    idle: usize,
    /// In use, by app.
    used: HashMap<Arc<str>, usize>,
    /// In the order in which they came.
    waiting: Vec<(Arc<str>, oneshot::Sender<ConnectionPermit>)>,
}

/// The right to one open connection, idle ones included.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    shared: Arc<Shared>,
    app_id: Arc<str>,
    is_idle: bool,
}

impl ConnectionPermits {
    /// A number for all apps, and one for each.
    pub(crate) fn new(connections_max: usize, app_max: usize) -> Self {
        let state = Mutex::new(State { free: connections_max, ..State::default() });
        Self(Arc::new(Shared { reserve: connections_max / 4, app_max, state }))
    }

    /// Whether a caller waits that would get a permit if an idle connection were closed.
    pub(super) fn is_wanted(&self) -> bool {
        let state = self.0.lock();
        // One that is closed was idle: more are free, and as many are available.
        state.free == 0 && state.waiting.iter().any(|(app_id, _)| state.may_have_one(app_id, &self.0))
    }

    /// Take a permit, which may take any time. When none is free for this app, `close_idle` is asked to close an idle
    /// connection, where that helps.
    pub(crate) async fn take(
        &self,
        app_id: &Arc<str>,
        close_idle: impl Fn() -> bool,
    ) -> Option<ConnectionPermit> {
        let (tell, mut told) = oneshot::channel();
        self.0.lock().waiting.push((Arc::clone(app_id), tell));
        self.0.hand_out();
        loop {
            match told.try_recv() {
                Ok(permit) => return Some(permit),
                Err(oneshot::error::TryRecvError::Closed) => return None,
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            if !self.is_wanted() || !close_idle() {
                break;
            }
        }
        told.await.ok()
    }
}

impl Shared {
    /// A thread that panicked with the lock held has left numbers that are right all the same.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Give what is free to those who wait for it.
    fn hand_out(self: &Arc<Self>) {
        // Of callers that have gone away: given back when the lock is free again.
        let mut unwanted = Vec::new();
        let mut state = self.lock();
        while let Some((app_id, tell)) = state.next(self) {
            state.free -= 1;
            *state.used.entry(Arc::clone(&app_id)).or_default() += 1;
            let permit = ConnectionPermit { shared: Arc::clone(self), app_id, is_idle: false };
            if let Err(permit) = tell.send(permit) {
                unwanted.push(permit);
            }
        }
        drop(state);
        drop(unwanted);
    }
}

impl State {
    /// Who is next: of those that can have one now, the app that has the fewest, and of its callers the first.
    fn next(&mut self, shared: &Shared) -> Option<(Arc<str>, oneshot::Sender<ConnectionPermit>)> {
        let (place, _) = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, (app_id, _))| self.free > 0 && self.may_have_one(app_id, shared))
            .min_by_key(|(_, (app_id, _))| self.used_by(app_id))?;
        Some(self.waiting.remove(place))
    }

    /// Whether an app may have one more of those that are free or idle.
    fn may_have_one(&self, app_id: &Arc<str>, shared: &Shared) -> bool {
        let used = self.used_by(app_id);
        let kept = if used == 0 { 0 } else { shared.reserve };
        used < shared.app_max && self.free + self.idle > kept
    }

    fn used_by(&self, app_id: &Arc<str>) -> usize {
        self.used.get(app_id).copied().unwrap_or_default()
    }

    fn no_longer_used(&mut self, app_id: &Arc<str>) {
        if let Some(used) = self.used.get_mut(app_id) {
            *used -= 1;
            if *used == 0 {
                self.used.remove(app_id);
            }
        }
    }
}

impl ConnectionPermit {
    /// The connection is used by no caller, or by one again.
    pub(super) fn set_idle(&mut self, is_idle: bool) {
        if std::mem::replace(&mut self.is_idle, is_idle) == is_idle {
            return;
        }
        let mut state = self.shared.lock();
        if is_idle {
            state.idle += 1;
            state.no_longer_used(&self.app_id);
        } else {
            state.idle -= 1;
            *state.used.entry(Arc::clone(&self.app_id)).or_default() += 1;
        }
        drop(state);
        // Fewer in use: who waits for the reserve to be whole again may have one of those that are free.
        self.shared.hand_out();
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        {
            let mut state = self.shared.lock();
            state.free += 1;
            if self.is_idle {
                state.idle -= 1;
            } else {
                state.no_longer_used(&self.app_id);
            }
        }
        self.shared.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use mayfly_common::tasks::Tasks;

    use super::*;

    fn no_idle() -> bool {
        false
    }

    async fn now(permits: &ConnectionPermits, app: &str) -> Option<ConnectionPermit> {
        let app = Arc::from(app);
        let mut taken = std::pin::pin!(permits.take(&app, no_idle));
        std::future::poll_fn(|cx| {
            std::task::Poll::Ready(match taken.as_mut().poll(cx) {
                std::task::Poll::Ready(permit) => permit,
                std::task::Poll::Pending => None,
            })
        })
        .await
    }

    #[tokio::test]
    async fn the_last_quarter_is_for_apps_that_have_none() {
        let permits = ConnectionPermits::new(8, usize::MAX);
        let mut greedy = Vec::new();
        while let Some(permit) = now(&permits, "greedy").await {
            greedy.push(permit);
        }
        assert_eq!(greedy.len(), 6);
        let first = now(&permits, "one").await.unwrap();
        assert!(now(&permits, "one").await.is_none());
        let second = now(&permits, "two").await.unwrap();
        assert!(now(&permits, "three").await.is_none());
        drop((first, second));
        assert!(now(&permits, "greedy").await.is_none());
        // An idle one counts as free.
        greedy[0].set_idle(true);
        assert!(now(&permits, "greedy").await.is_some());
        greedy[0].set_idle(false);
        assert!(now(&permits, "greedy").await.is_none());
        greedy.pop();
        assert!(now(&permits, "greedy").await.is_some());
    }

    #[tokio::test]
    async fn where_all_are_idle_one_is_closed_for_a_caller() {
        let permits = ConnectionPermits::new(4, usize::MAX);
        let idle = std::cell::RefCell::new(Vec::new());
        for app in ["a", "b", "c", "d"] {
            let mut permit = now(&permits, app).await.unwrap();
            permit.set_idle(true);
            idle.borrow_mut().push(permit);
        }
        let app = Arc::from("a");
        let close = || idle.borrow_mut().pop().is_some();
        let first = permits.take(&app, close).await;
        let second = permits.take(&app, close).await;
        assert!(first.is_some() && second.is_some());
        assert_eq!(idle.borrow().len(), 2);
    }

    #[tokio::test]
    async fn an_app_has_its_most_and_the_one_with_the_fewest_is_next() {
        let permits = ConnectionPermits::new(4, 2);
        let first = now(&permits, "a").await.unwrap();
        let _second = now(&permits, "a").await.unwrap();
        assert!(now(&permits, "a").await.is_none(), "it has its most");
        let other = now(&permits, "b").await.unwrap();
        // One is left, for an app that has none. Both wait, a first.
        let waiting = |app: &'static str| {
            let permits = permits.clone();
            Tasks::new().work(async move { permits.take(&Arc::from(app), no_idle).await })
        };
        let (a, b) = (waiting("a"), waiting("b"));
        while permits.0.lock().waiting.len() < 2 {
            tokio::task::yield_now().await;
        }
        drop(other);
        let b = b.await.unwrap().expect("b has none any more");
        assert!(!a.is_finished());
        // A caller that goes away leaves nothing behind.
        a.abort();
        let _ = a.await;
        drop((first, b));
        assert!(now(&permits, "a").await.is_some());
        assert_eq!(permits.0.lock().free, 3);
    }
}
