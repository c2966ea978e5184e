//! `Feed`: reads the changes of one app for the sockets of this node, from the first subscription to the last.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mayfly_api::error::{ApiError, ApiResult, Code};
use mayfly_tenant_db::changes::{ChangePosition, ChangeReader};
use mayfly_tenant_db::tenant::{TenantError, Tenants};
use tokio::sync::{Notify, mpsc, oneshot};

use super::delivery::deliver;
use super::frame::Gap;
use super::subscription::{Subscriber, Subscriptions, TableSubscription};

/// The pause between two readings where no commit is told of.
const READ_EVERY: Duration = Duration::from_secs(1);
/// The pause while a subscription waits for transactions that write to its table, and for how long it does.
const WRITERS_EVERY: Duration = Duration::from_millis(20);
const WRITERS_WAIT: Duration = Duration::from_secs(30);
/// How often it is checked that tables still record.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// For how long a feed lives on without a subscription: a page that is loaded again finds it.
const LINGER: Duration = Duration::from_secs(10);

/// A socket that wants to follow a table.
pub(super) struct Request {
    pub(super) table: Box<str>,
    pub(super) subscriber: Subscriber,
    /// `None`: the table is not switched on.
    pub(super) answer: oneshot::Sender<ApiResult<Option<TableSubscription>>>,
}

/// What sockets and commits see of a feed.
#[derive(Debug)]
pub(super) struct FeedHandle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) wake: Notify,
}

/// Reads the changes of one app.
pub(super) struct Feed {
    pub(super) app: Box<str>,
    pub(super) tenants: Tenants,
    pub(super) handle: Arc<FeedHandle>,
    pub(super) requests: mpsc::Receiver<Request>,
    pub(super) subscriptions: Arc<Subscriptions>,
    reader: Option<(ChangeReader, ChangePosition)>,
    /// Where the next reader begins, when the last one was lost.
    lost_at: Option<ChangePosition>,
    waiting: Vec<Waiting>,
    /// Tables whose writers of before the feed have ended.
    settled: HashSet<Box<str>>,
    used_at: Instant,
    checked_at: Instant,
}

struct Waiting {
    request: Request,
    since: Instant,
    /// Transactions that wrote to the table when the subscription was asked for.
    writers: Option<Vec<String>>,
}

impl Feed {
    pub(super) fn new(
        app: &str,
        tenants: Tenants,
        handle: Arc<FeedHandle>,
        requests: mpsc::Receiver<Request>,
    ) -> Self {
        Self {
            app: app.into(),
            tenants,
            handle,
            requests,
            subscriptions: Arc::default(),
            reader: None,
            lost_at: None,
            waiting: Vec::new(),
            settled: HashSet::new(),
            used_at: Instant::now(),
            checked_at: Instant::now(),
        }
    }

    /// Read until nothing has been followed for a while.
    pub(super) async fn read_while_used(&mut self) {
        loop {
            let pause = if self.waiting.is_empty() { READ_EVERY } else { WRITERS_EVERY };
            tokio::select! {
                request = self.requests.recv() => self.waiting.extend(request.map(Waiting::new)),
                () = self.handle.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
            while let Ok(request) = self.requests.try_recv() {
                self.waiting.push(Waiting::new(request));
            }
            if let Err(error) = self.step().await {
                self.fail(error);
            }
            if !self.waiting.is_empty() || !self.subscriptions.is_empty() {
                self.used_at = Instant::now();
            } else if self.used_at.elapsed() >= LINGER {
                return;
            }
        }
    }

    async fn step(&mut self) -> Result<(), TenantError> {
        let (mut reader, mut position) = match self.reader.take() {
            Some(open) => open,
            None => self.open().await?,
        };
        self.lost_at = Some(position.clone());
        let batch = reader.read(&mut position).await?;
        self.lost_at = Some(position.clone());
        if batch.missed {
            self.settled.clear();
        }
        if batch.missed || !batch.changes.is_empty() {
            deliver(&self.tenants, &self.app, &self.subscriptions, batch).await;
        }
        self.accept(&reader).await?;
        if self.checked_at.elapsed() >= CHECK_EVERY {
            self.check(&reader).await?;
        }
        self.reader = Some((reader, position));
        Ok(())
    }

    async fn open(&mut self) -> Result<(ChangeReader, ChangePosition), TenantError> {
        let mut reader = self.tenants.change_reader(&self.app).await?;
        let begin = reader.begin().await?;
        Ok((reader, self.lost_at.take().unwrap_or(begin)))
    }

    /// Subscribe those whose table records all that is committed from now on.
    async fn accept(&mut self, reader: &ChangeReader) -> Result<(), TenantError> {
        let mut recorded = HashMap::new();
        let mut writing = HashMap::new();
        for mut waiting in std::mem::take(&mut self.waiting) {
            let table = waiting.request.table.clone();
            if !recorded.contains_key(&table) {
                recorded.insert(table.clone(), reader.is_recorded(&table).await?);
            }
            if recorded.get(&table) != Some(&true) {
                waiting.answer(Ok(None));
                continue;
            }
            if !self.settled.contains(&table) {
                if !writing.contains_key(&table) {
                    writing.insert(table.clone(), reader.writers(&table).await?);
                }
                let now = writing.get(&table).map(Vec::as_slice).unwrap_or_default();
                let before = waiting.writers.get_or_insert_with(|| now.to_vec());
                if before.iter().any(|writer| now.contains(writer)) {
                    if waiting.since.elapsed() < WRITERS_WAIT {
                        self.waiting.push(waiting);
                    } else {
                        let text =
                            "a transaction that writes to the table does not end: subscribe again later";
                        waiting.answer(Err(ApiError::new(Code::ResourceConflict, text)));
                    }
                    continue;
                }
                self.settled.insert(table.clone());
            }
            let Waiting { request: Request { table, subscriber, answer }, .. } = waiting;
            // One that waits no more has ended: then the subscription is dropped, too.
            let _ = answer.send(Ok(Some(self.subscriptions.add(&table, subscriber))));
        }
        Ok(())
    }

    /// Tell the subscribers of tables that were switched off, or dropped.
    async fn check(&mut self, reader: &ChangeReader) -> Result<(), TenantError> {
        for table in self.subscriptions.tables() {
            if !reader.is_recorded(&table).await? {
                self.subscriptions.warn(&table, Gap::Off);
                self.subscriptions.remove(&table);
                self.settled.remove(&table);
            }
        }
        self.checked_at = Instant::now();
        Ok(())
    }

    /// The app's database cannot be reached: subscriptions stay, and who waits for one is told.
    fn fail(&mut self, error: TenantError) {
        tracing::warn!(%error, app = &*self.app, "the changes of an app cannot be read");
        self.reader = None;
        let error = Arc::new(ApiError::from(error));
        for waiting in std::mem::take(&mut self.waiting) {
            waiting.answer(Err(ApiError::new(error.code(), error.message().to_owned())));
        }
    }
}

impl Waiting {
    fn new(request: Request) -> Self {
        Self { request, since: Instant::now(), writers: None }
    }

    fn answer(self, answer: ApiResult<Option<TableSubscription>>) {
        // One that waits no more has ended.
        let _ = self.request.answer.send(answer);
    }
}
