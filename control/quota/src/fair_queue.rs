//! Start-time fair queueing over apps, by what each has spent. Pure: nothing here waits or reads a clock.
//!
//! Each app has a virtual time that moves on by the cost of its work, divided by its weight. The app with the lowest is
//! next. No app saves up: one that comes back from a pause begins at the present virtual time.

mod waiting;

use std::collections::HashMap;
use std::hash::Hash;

use self::waiting::Waiting;
pub(super) use self::waiting::Work;

/// The waiters, by app.
#[derive(Debug)]
pub(super) struct FairQueue<K, W> {
    apps: HashMap<K, Share<W>>,
    /// The virtual time of the app that was served last.
    now: u64,
    /// Moves on with each that comes, so that of two apps at one time the first that came is first.
    arrivals: u64,
    /// How many wait, of all apps.
    waiting: usize,
    /// How many apps are kept before those without any state are removed.
    sweep_at: usize,
}

/// Fewer apps than this are not worth sweeping.
const SWEEP_AT_LEAST: usize = 64;

#[derive(Debug)]
struct Share<W> {
    /// Its virtual time.
    time: u64,
    /// How many steps of its work execute at this moment, where that is told.
    running: u32,
    waiting: Waiting<W>,
}

impl<K, W> Default for FairQueue<K, W> {
    fn default() -> Self {
        Self { apps: HashMap::new(), now: 0, arrivals: 0, waiting: 0, sweep_at: SWEEP_AT_LEAST }
    }
}

impl<K: Hash + Eq + Clone, W> FairQueue<K, W> {
    /// Adds a waiter, behind those of its app that are like it.
    pub(super) fn push(&mut self, app: &K, work: Work, waiter: W) {
        self.arrivals += 1;
        self.waiting += 1;
        let (now, arrival) = (self.now, self.arrivals);
        let share = self.share(app);
        if share.waiting.is_empty() {
            share.time = share.time.max(now);
        }
        share.waiting.push(work, arrival, waiter);
    }

    /// Takes the next waiter, of the apps that are eligible.
    pub(super) fn pop(&mut self, mut may: impl FnMut(&K) -> bool) -> Option<(K, W)> {
        let next = self
            .apps
            .iter()
            .filter_map(|(app, share)| Some((share.time, share.waiting.next_arrival()?, app)))
            .filter(|(_, _, app)| may(app))
            .min_by_key(|(time, arrival, _)| (*time, *arrival));
        let app = next?.2.clone();
        let share = self.apps.get_mut(&app)?;
        let waiter = share.waiting.pop()?;
        self.waiting -= 1;
        self.now = self.now.max(share.time);
        Some((app, waiter))
    }

    /// Work of this app was served without waiting.
    pub(super) fn pass(&mut self, app: &K) {
        let now = self.now;
        let share = self.share(app);
        share.time = share.time.max(now);
        self.now = share.time;
    }

    /// Whether the app would be the next one anyway: it is behind all the others, none of its own waits, and no step
    /// of its own is executing, whose cost is not known yet.
    pub(super) fn is_behind(&self, app: &K) -> bool {
        self.apps
            .get(app)
            .is_none_or(|share| share.waiting.is_empty() && share.running == 0 && share.time <= self.now)
    }

    /// A step of the app's begins.
    pub(super) fn begin(&mut self, app: &K) {
        self.share(app).running += 1;
    }

    /// A step of the app's is over.
    pub(super) fn end(&mut self, app: &K) {
        let share = self.share(app);
        share.running = share.running.saturating_sub(1);
    }

    /// The app's work cost this much.
    pub(super) fn charge(&mut self, app: &K, cost: u64, weight: u32) {
        let share = self.share(app);
        share.time = share.time.saturating_add(cost / u64::from(weight.max(1)));
    }

    /// The app's work cost this much less than was charged.
    pub(super) fn give_back(&mut self, app: &K, cost: u64, weight: u32) {
        let share = self.share(app);
        share.time = share.time.saturating_sub(cost / u64::from(weight.max(1)));
    }

    /// How many of an app's wait.
    pub(super) fn waiting(&self, app: &K) -> usize {
        self.apps.get(app).map_or(0, |share| share.waiting.len())
    }

    /// How many wait, of all apps.
    pub(super) fn total(&self) -> usize {
        self.waiting
    }

    /// Whether none waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Removes waiters.
    pub(super) fn remove(&mut self, app: &K, gone: impl FnMut(&W) -> bool) {
        if let Some(share) = self.apps.get_mut(app) {
            self.waiting -= share.waiting.remove(gone);
        }
    }

    /// Removes apps of which none waits or runs, and whose virtual time is not ahead: they would begin at the present
    /// one anyway.
    fn sweep(&mut self) {
        let now = self.now;
        self.apps.retain(|_, share| !share.waiting.is_empty() || share.running > 0 || share.time > now);
        self.sweep_at = SWEEP_AT_LEAST.max(2 * self.apps.len());
    }

    fn share(&mut self, app: &K) -> &mut Share<W> {
        if self.apps.len() >= self.sweep_at && !self.apps.contains_key(app) {
            self.sweep();
        }
        let now = self.now;
        self.apps.entry(app.clone()).or_insert_with(|| Share {
            time: now,
            running: 0,
            waiting: Waiting::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Queue = FairQueue<&'static str, u32>;

    /// Serves a number of waiters, each at its app's price.
    fn serve(queue: &mut Queue, count: usize, price: impl Fn(&str) -> (u64, u32)) -> Vec<&'static str> {
        (0..count)
            .filter_map(|_| {
                let (app, _) = queue.pop(|_| true)?;
                let (cost, weight) = price(app);
                queue.charge(&app, cost, weight);
                Some(app)
            })
            .collect()
    }

    #[test]
    fn a_flood_delays_itself_and_no_other_app() {
        let mut queue = Queue::default();
        for waiter in 0..200 {
            queue.push(&"flood", Work::Long, waiter);
        }
        serve(&mut queue, 50, |_| (1_000, 1));
        queue.push(&"quiet", Work::Long, 0);
        assert_eq!(serve(&mut queue, 2, |_| (1_000, 1)), ["quiet", "flood"]);
        for _ in 0..10 {
            queue.push(&"quiet", Work::Long, 0);
            let served = serve(&mut queue, 2, |_| (1_000, 1));
            assert!(served.contains(&"quiet"), "never more than one before it: {served:?}");
        }
    }

    #[test]
    fn shares_are_of_cost_and_weight_not_of_count() {
        let mut queue = Queue::default();
        for waiter in 0..1_000 {
            queue.push(&"dear", Work::Long, waiter);
            queue.push(&"cheap", Work::Long, waiter);
            queue.push(&"heavy", Work::Long, waiter);
        }
        let served = serve(&mut queue, 700, |app| match app {
            "dear" => (400, 1),
            "heavy" => (100, 2),
            _ => (100, 1),
        });
        let count = |app: &str| served.iter().filter(|served| **served == app).count();
        // In the time of one of `dear` four of `cheap` fit, and eight of `heavy`, which weighs twice as much.
        assert!((52..=56).contains(&count("dear")), "{}", count("dear"));
        assert!((213..=218).contains(&count("cheap")), "{}", count("cheap"));
        assert!((428..=434).contains(&count("heavy")), "{}", count("heavy"));
    }

    #[test]
    fn no_app_saves_up() {
        let mut queue = Queue::default();
        queue.push(&"sleeper", Work::Long, 0);
        serve(&mut queue, 1, |_| (1, 1));
        for waiter in 0..100 {
            queue.push(&"worker", Work::Long, waiter);
        }
        serve(&mut queue, 50, |_| (1_000, 1));
        for waiter in 0..100 {
            queue.push(&"sleeper", Work::Long, waiter);
        }
        let served = serve(&mut queue, 20, |_| (1_000, 1));
        assert_eq!(served.iter().filter(|app| **app == "sleeper").count(), 10, "{served:?}");
    }

    #[test]
    fn what_was_charged_too_much_is_given_back() {
        let mut queue = Queue::default();
        queue.push(&"a", Work::Long, 0);
        queue.push(&"b", Work::Long, 0);
        queue.charge(&"a", 1_000, 1);
        queue.charge(&"b", 10, 1);
        queue.give_back(&"a", 995, 1);
        assert_eq!(serve(&mut queue, 2, |_| (0, 1)), ["a", "b"]);
    }

    #[test]
    fn an_app_that_is_not_eligible_keeps_its_place() {
        let mut queue = Queue::default();
        queue.push(&"full", Work::Long, 1);
        queue.push(&"other", Work::Long, 2);
        assert_eq!(queue.pop(|app| *app != "full"), Some(("other", 2)));
        assert_eq!(queue.pop(|app| *app != "full"), None);
        assert_eq!(queue.pop(|_| true), Some(("full", 1)));
        queue.remove(&"full", |_| true);
        assert!(queue.is_empty());
        queue.sweep();
        assert!(queue.apps.is_empty());
    }

    proptest::proptest! {
        /// However the work comes, two apps that always wait get the same share, but for the dearest piece of each.
        #[test]
        fn two_that_always_wait_share_evenly(costs in proptest::collection::vec((1_u64..500, 1_u64..500), 50..300)) {
            let mut queue: FairQueue<&str, usize> = FairQueue::default();
            for place in 0..costs.len() {
                queue.push(&"a", Work::Long, place);
                queue.push(&"b", Work::Long, place);
            }
            let (mut spent, mut served) = ([0_u64, 0], 0);
            while served < costs.len() {
                let Some((app, place)) = queue.pop(|_| true) else { break };
                let (index, cost) = if app == "a" { (0, costs[place].0) } else { (1, costs[place].1) };
                spent[index] += cost;
                queue.charge(&app, cost, 1);
                served += 1;
                proptest::prop_assert!(spent[0].abs_diff(spent[1]) <= 500, "{spent:?}");
            }
        }
    }
}
