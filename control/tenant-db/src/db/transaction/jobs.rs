//! Jobs that are stored in a transaction: those who run them are told when it has committed.

use std::sync::Arc;

use mayfly_runtime::providers::{GuestError, NewJob, StoredJob};

use super::AppTransaction;
use crate::db::app_wakes::AppWakes;
use crate::db::credentials::TenantCredentials;
use crate::db::enqueue::{ENQUEUE, StoredRow, job_params};

/// What a transaction needs for jobs.
pub(in crate::db) struct JobsWithin {
    credentials: Arc<TenantCredentials>,
    app_id: Arc<str>,
    wakes: AppWakes,
    /// Whether it has stored any.
    stored: bool,
}

impl JobsWithin {
    pub(in crate::db) fn new(credentials: Arc<TenantCredentials>, app_id: Arc<str>, wakes: AppWakes) -> Self {
        Self { credentials, app_id, wakes, stored: false }
    }

    /// The transaction has committed.
    pub(super) fn committed(&self) {
        if self.stored {
            self.wakes.wake(&self.app_id);
        }
    }
}

impl AppTransaction {
    pub(in crate::db) async fn store_job(&mut self, job: NewJob) -> Result<StoredJob, GuestError> {
        let process_id = self.checkout.process_id()?;
        let params = job_params(&job, &self.jobs.credentials, process_id);
        let mut row = StoredRow::default();
        self.exchange(ENQUEUE, &params, &mut row).await?;
        self.jobs.stored = true;
        row.into_job()
    }
}
