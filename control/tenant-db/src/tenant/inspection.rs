//! Inspects apps' databases: is each closed as it must be? One that is not is closed; where that cannot be done, its app
//! is closed instead, and the others are served.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::findings::{OpenDatabase, OpenDatabases};
use super::{TenantError, Tenants, provision};
use mayfly_api::apps::AppState;

/// Databases inspected at once.
const AT_ONCE: usize = 8;

/// How long one database may take: one that takes longer is told as one that cannot be closed.
const TEND_TIMEOUT: Duration = Duration::from_secs(60);

/// How often it is closed before it counts as one that cannot be: another node may be at it, too.
const ATTEMPTS: u32 = 3;

impl Tenants {
    /// The databases of ready apps that are not closed as they must be.
    ///
    /// # Errors
    /// When the list of apps cannot be read.
    pub async fn inspect(&self) -> Result<Vec<OpenDatabase>, TenantError> {
        let ready = self.ready().await?;
        let inspected: Vec<_> = stream::iter(ready.iter().map(|app| self.inspect_one(app)))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        Ok(inspected.into_iter().flatten().collect())
    }

    async fn ready(&self) -> Result<Vec<String>, TenantError> {
        let apps = self.store().apps().list().await?;
        Ok(apps.into_iter().filter(|app| app.state == AppState::Ready).map(|app| app.id).collect())
    }

    async fn inspect_one(&self, app_id: &str) -> Option<OpenDatabase> {
        let findings = match self.check(app_id).await {
            Ok(findings) => findings,
            Err(error) => vec![format!("it cannot be inspected: {error}")],
        };
        if findings.is_empty() {
            return None;
        }
        // One that another node is deleting needs no closing.
        let still_ready = match self.store().apps().get(app_id).await {
            Ok(app) => app.is_some_and(|app| app.state == AppState::Ready),
            Err(_) => true,
        };
        still_ready.then(|| OpenDatabase { app_id: app_id.to_owned(), findings })
    }

    /// Before anything is served: close what is open. What one app's database is like never stops the others.
    ///
    /// # Errors
    /// When the platform's own tables cannot be used.
    pub async fn close_open(&self, wanted: OpenDatabases) -> Result<(), TenantError> {
        if wanted == OpenDatabases::CloseInBackground {
            return Ok(());
        }
        let ready = self.ready().await?;
        let tended: Vec<_> =
            stream::iter(ready.iter().map(|app| self.tend(app))).buffer_unordered(AT_ONCE).collect().await;
        tended.into_iter().try_for_each(|outcome| outcome.map(|_| ()))
    }

    /// Check an app's database and close what is open; close the app while that cannot be done, and open it again once
    /// nothing is wrong. Gives what was found at first.
    ///
    /// # Errors
    /// When the platform's own tables cannot be used.
    pub async fn tend(&self, app_id: &str) -> Result<Vec<String>, TenantError> {
        let Some(open) = self.inspect_one(app_id).await else {
            self.reopen(app_id).await?;
            return Ok(Vec::new());
        };
        tracing::warn!(app = app_id, findings = ?open.findings, "an app's database is open: closing it");
        let left = match tokio::time::timeout(TEND_TIMEOUT, self.repair_by_force(app_id)).await {
            Ok(Ok(left)) => left,
            Ok(Err(error)) => Some(cannot_be_closed(&open, &error.to_string())),
            Err(_) => Some(cannot_be_closed(&open, "it took too long")),
        };
        match left {
            None => self.reopen(app_id).await?,
            Some(left) => self.close_app(app_id, &left.reason()).await?,
        }
        Ok(open.findings)
    }

    /// Repair it; where statements of the app's own are in the way, end them. Gives what is left.
    async fn repair_by_force(&self, app_id: &str) -> Result<Option<OpenDatabase>, TenantError> {
        let mut left = None;
        for _ in 0..ATTEMPTS {
            if self.repair(app_id).await.is_err() {
                provision::end_sessions(self.endpoint(), app_id).await?;
                self.repair(app_id).await?;
            }
            left = self.inspect_one(app_id).await;
            if left.is_none() {
                break;
            }
        }
        Ok(left)
    }

    /// Close an app: its functions answer `APP_CLOSED`, and its database is used by no one but the platform.
    ///
    /// # Errors
    /// When the platform's own tables cannot be used.
    pub async fn close_app(&self, app_id: &str, reason: &str) -> Result<(), TenantError> {
        if self.store().apps().set_closed(app_id, Some(reason)).await? {
            tracing::error!(app = app_id, reason, "an app is closed; the others are served");
        }
        self.forget(app_id);
        Ok(())
    }

    async fn reopen(&self, app_id: &str) -> Result<(), TenantError> {
        if self.store().apps().set_closed(app_id, None).await? {
            tracing::warn!(app = app_id, "an app that was closed is open again");
            self.forget(app_id);
        }
        Ok(())
    }
}

fn cannot_be_closed(open: &OpenDatabase, why: &str) -> OpenDatabase {
    let mut findings = open.findings.clone();
    findings.insert(0, format!("its database cannot be closed: {why}"));
    OpenDatabase { findings, ..open.clone() }
}
