//! Storing jobs of one app: `ctx.enqueue` outside of transactions, and the management route.

use std::sync::Arc;

use mayfly_runtime::providers::{GuestError, NewJob, StoredJob};

use crate::db::{AppDatabase, AppWakes, ENQUEUE, StoredRow, UserStatement, job_params};
use crate::identity::Identity;
use crate::tenant::Tenants;

/// The queues of one app.
#[derive(Debug)]
pub struct AppQueues {
    database: AppDatabase,
    app_id: Arc<str>,
    wakes: AppWakes,
}

impl Tenants {
    /// Storing jobs of one app.
    pub fn app_queues(&self, app_id: impl Into<Arc<str>>) -> AppQueues {
        let app_id = app_id.into();
        let database = self.app_database(Arc::clone(&app_id), Identity::Service);
        AppQueues { database, app_id, wakes: self.queue_wakes().clone() }
    }
}

impl AppQueues {
    /// Store a job by itself. It is durable when this returns.
    ///
    /// # Errors
    /// What [`check_job`](super::check_job) refuses; the codes of `ctx.db` when the database cannot be reached.
    pub async fn enqueue(&self, job: &NewJob) -> Result<StoredJob, GuestError> {
        let stored = alone(&self.database, job).await?;
        self.wakes.wake(&self.app_id);
        Ok(stored)
    }
}

/// Store a job by itself: as the service login, on a connection that no transaction has.
async fn alone(database: &AppDatabase, job: &NewJob) -> Result<StoredJob, GuestError> {
    let (mut checkout, credentials) = database.checkout_with_credentials().await?;
    let process_id = checkout.process_id()?;
    let params = job_params(job, &credentials, process_id);
    let request = UserStatement { user: None, sql: ENQUEUE, params: &params };
    let mut row = StoredRow::default();
    checkout.within_time(async |checkout| checkout.run(&request, &mut row).await).await?;
    row.into_job()
}
