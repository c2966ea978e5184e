//! What functions print and what fails in them, in the terminal of `mayfly dev`, as it comes.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture};
use mayfly_api::logs::{ConsoleEntry, InvocationInfo};
use mayfly_cli::out;
use mayfly_core::logs::{Tail, TailEvent, TailFilter, info};

use crate::use_cases::UseCases;

/// A tail that could not be opened is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Follows the records of an app's functions.
pub(super) struct Console {
    use_cases: UseCases,
    app: String,
    followed: BTreeSet<String>,
    waiting: FuturesUnordered<BoxFuture<'static, Heard>>,
}

/// A function, its tail where it is open, and what that said.
struct Heard {
    name: String,
    tail: Option<Tail>,
    event: Option<TailEvent>,
}

impl Console {
    pub(super) fn new(use_cases: UseCases, app: &str) -> Self {
        Self { use_cases, app: app.to_owned(), followed: BTreeSet::new(), waiting: FuturesUnordered::new() }
    }

    /// Follow these functions, from now on.
    pub(super) fn follow(&mut self, names: impl IntoIterator<Item = String>) {
        let names: BTreeSet<String> = names.into_iter().collect();
        let new: Vec<_> = names.difference(&self.followed).cloned().collect();
        self.followed = names;
        for name in new {
            self.open(name, Duration::ZERO);
        }
    }

    /// Print the next record; never ends.
    pub(super) async fn print(&mut self) {
        loop {
            let Some(heard) = self.waiting.next().await else { return std::future::pending().await };
            if let Some(TailEvent::Record(_, record)) = heard.event {
                show(&heard.name, &info(*record));
            }
            if !self.followed.contains(&heard.name) {
                continue;
            }
            match heard.tail {
                Some(tail) => self.waiting.push(next(heard.name, tail).boxed()),
                None => self.open(heard.name, AGAIN_AFTER),
            }
        }
    }

    fn open(&self, name: String, after: Duration) {
        let (use_cases, app) = (self.use_cases.clone(), self.app.clone());
        let opened = async move {
            tokio::time::sleep(after).await;
            match use_cases.logs.tail(&app, &name, None, TailFilter::default()).await {
                Ok(tail) => next(name, tail).await,
                Err(_) => Heard { name, tail: None, event: None },
            }
        };
        self.waiting.push(opened.boxed());
    }
}

async fn next(name: String, mut tail: Tail) -> Heard {
    let event = tail.next().await;
    let tail = event.is_some().then_some(tail);
    Heard { name, tail, event }
}

fn show(name: &str, record: &InvocationInfo) {
    for ConsoleEntry { level, message, .. } in &record.console_logs {
        out::say(&format!("  {name} {level:>5} {message}"));
    }
    failed(name, record.error.as_deref(), record.stack.as_deref());
    if let Some(background) = &record.background {
        failed(name, background.error.as_deref(), background.stack.as_deref());
    }
}

fn failed(name: &str, error: Option<&str>, stack: Option<&str>) {
    let Some(error) = error else { return };
    out::complain(&format!("{name}: {error}"));
    for line in stack.unwrap_or_default().lines() {
        out::say(&format!("    {}", line.trim_start()));
    }
}
