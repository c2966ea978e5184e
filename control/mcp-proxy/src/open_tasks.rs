//! Calls that go on as tasks: whose each is, and its number in the audit log until it has ended.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

/// Tasks of one connection; beyond, the oldest is none any more.
const TASKS_MAX: usize = 1_000;

/// See the file's head.
#[derive(Debug, Default)]
pub(crate) struct OpenTasks(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<String, OpenTask>,
    order: VecDeque<String>,
}

#[derive(Debug)]
struct OpenTask {
    identity: String,
    /// The call's number in the log; `None`: its end is written down.
    call: Option<u64>,
    begun: Instant,
}

impl OpenTasks {
    /// A call of this identity has become a task.
    pub(crate) fn begin(&self, id: &str, identity: &str, call: u64) {
        let mut known = self.known();
        if known.order.len() >= TASKS_MAX
            && let Some(oldest) = known.order.pop_front()
        {
            known.by_id.remove(&oldest);
        }
        let task = OpenTask { identity: identity.to_owned(), call: Some(call), begun: Instant::now() };
        known.by_id.insert(id.to_owned(), task);
        known.order.push_back(id.to_owned());
    }

    /// Whether a task is this identity's.
    pub(crate) fn is_of(&self, id: &str, identity: &str) -> bool {
        self.known().by_id.get(id).is_some_and(|task| task.identity == identity)
    }

    /// A task has ended: the number of its call, and how long it took, the first time.
    pub(crate) fn end(&self, id: &str) -> Option<(u64, u64)> {
        let mut known = self.known();
        let task = known.by_id.get_mut(id)?;
        let took = u64::try_from(task.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some((task.call.take()?, took))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_is_of_who_made_the_call_and_ends_once() {
        let tasks = OpenTasks::default();
        tasks.begin("t", "ann", 7);
        assert!(tasks.is_of("t", "ann") && !tasks.is_of("t", "ben") && !tasks.is_of("u", "ann"));
        assert_eq!(tasks.end("t").map(|(call, _)| call), Some(7));
        assert_eq!(tasks.end("t"), None);
        assert!(tasks.is_of("t", "ann"), "its result can be asked for again");
        for number in 0..TASKS_MAX as u64 {
            tasks.begin(&format!("t{number}"), "ann", number);
        }
        assert!(!tasks.is_of("t", "ann") && tasks.is_of("t0", "ann"));
    }
}
