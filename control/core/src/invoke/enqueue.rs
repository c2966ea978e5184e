//! `ctx.enqueue`: a job for a function of the same app. Before it is stored, the app's queues are watched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mayfly_api::error::{ApiError, ApiResult};
use mayfly_common::clock;
use mayfly_runtime::providers::{BoxFuture, GuestError, NewJob, Queue, StoredJob};
use mayfly_store::Store;
use mayfly_tenant_db::db::InvocationTransaction;
use mayfly_tenant_db::queue;
use mayfly_tenant_db::tenant::Tenants;

use super::Allowance;
use crate::functions::FunctionCache;

/// For how long an app that was armed need not be armed again. The table keeps it armed for much longer.
const ARMED: Duration = Duration::from_secs(30);
/// Apps remembered as armed; more are forgotten, and armed again.
const ARMED_MAX: usize = 10_000;

/// Stores jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Enqueuer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Store,
    tenants: Tenants,
    functions: FunctionCache,
    armed: Mutex<HashMap<Box<str>, Instant>>,
}

impl Enqueuer {
    /// One over these parts.
    pub fn new(store: Store, tenants: Tenants, functions: FunctionCache) -> Self {
        Self(Arc::new(Shared { store, tenants, functions, armed: Mutex::default() }))
    }

    /// See that a node looks at the app's queues, whatever becomes of this one.
    ///
    /// # Errors
    /// When the platform's database cannot be reached: then no job is to be stored.
    pub(crate) async fn arm(&self, app: &str) -> ApiResult<()> {
        let now = Instant::now();
        let is_armed = |armed: &HashMap<Box<str>, Instant>| {
            armed.get(app).is_some_and(|since| now.duration_since(*since) < ARMED)
        };
        if is_armed(&self.0.armed.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(());
        }
        self.0.store.watched_queues().arm(app).await?;
        let mut armed = self.0.armed.lock().unwrap_or_else(PoisonError::into_inner);
        if armed.len() >= ARMED_MAX {
            armed.clear();
        }
        armed.insert(app.into(), now);
        Ok(())
    }

    /// Whether the app has this function.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` when it has not.
    pub(crate) async fn check_function(&self, app: &str, name: &str) -> ApiResult<()> {
        match self.0.functions.by_name(app, name).await? {
            Some(_) => Ok(()),
            None => Err(ApiError::not_found(format!("the function {name}"))),
        }
    }

    /// Store a job by itself.
    pub(crate) async fn enqueue(&self, app: &str, job: &NewJob) -> Result<StoredJob, GuestError> {
        self.0.tenants.app_queues(app).enqueue(job).await
    }
}

/// `ctx.enqueue` of one invocation.
#[derive(Debug)]
pub(super) struct GuestQueue {
    pub(super) enqueuer: Enqueuer,
    pub(super) app: Arc<str>,
    /// Of an invocation that is one.
    pub(super) transaction: Option<Arc<InvocationTransaction>>,
    pub(super) allowance: Allowance,
}

impl Queue for GuestQueue {
    fn admit(self: Arc<Self>, job: NewJob) -> BoxFuture<'static, Result<NewJob, GuestError>> {
        Box::pin(async move {
            self.allowance.check_enqueue(&job.function)?;
            #[allow(clippy::cast_precision_loss, reason = "a time in milliseconds has fewer than 53 bits")]
            queue::check_job(&job, clock::now_ms() as f64)?;
            self.enqueuer.check_function(&self.app, &job.function).await.map_err(refused)?;
            self.enqueuer.arm(&self.app).await.map_err(refused)?;
            Ok(job)
        })
    }

    fn enqueue(self: Arc<Self>, job: NewJob) -> BoxFuture<'static, Result<StoredJob, GuestError>> {
        Box::pin(async move {
            if let Some(transaction) = &self.transaction
                && let Some(stored) = transaction.enqueue(&job).await?
            {
                return Ok(stored);
            }
            self.enqueuer.enqueue(&self.app, &job).await
        })
    }
}

fn refused(error: ApiError) -> GuestError {
    GuestError::new(error.code().as_str(), format!("ctx.enqueue: {}", error.message()))
}
