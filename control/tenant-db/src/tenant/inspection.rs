//! Inspects all apps' databases before anything is served from them: is each closed as it must be?

use futures_util::{StreamExt as _, stream};

use super::findings::{OpenDatabase, OpenDatabases};
use super::{TenantError, Tenants};
use mayfly_api::apps::AppState;

/// Databases inspected at once.
const AT_ONCE: usize = 8;

impl Tenants {
    /// The databases of ready apps that are not closed as they must be.
    ///
    /// # Errors
    /// When the list of apps cannot be read.
    pub async fn inspect(&self) -> Result<Vec<OpenDatabase>, TenantError> {
        let apps = self.store().apps().list().await?;
        let ready = apps.into_iter().filter(|app| app.state == AppState::Ready).map(|app| app.id);
        let inspected: Vec<_> =
            stream::iter(ready.map(|app| self.inspect_one(app))).buffer_unordered(AT_ONCE).collect().await;
        Ok(inspected.into_iter().flatten().collect())
    }

    async fn inspect_one(&self, app_id: String) -> Option<OpenDatabase> {
        let findings = match self.check(&app_id).await {
            Ok(findings) => findings,
            Err(error) => vec![format!("it cannot be inspected: {error}")],
        };
        if findings.is_empty() {
            return None;
        }
        // One that another node is deleting needs no closing.
        let still_ready = match self.store().apps().get(&app_id).await {
            Ok(app) => app.is_some_and(|app| app.state == AppState::Ready),
            Err(_) => true,
        };
        still_ready.then_some(OpenDatabase { app_id, findings })
    }

    /// Before anything is served: close what is open, or say that it is.
    ///
    /// # Errors
    /// [`TenantError::Open`] with what to run.
    pub async fn close_open(&self, wanted: OpenDatabases) -> Result<(), TenantError> {
        if wanted == OpenDatabases::CloseInBackground {
            return Ok(());
        }
        let found = self.inspect().await?;
        let (harmless, grave): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|database| wanted == OpenDatabases::Close || database.is_harmless());
        for database in &grave {
            tracing::error!(app = database.app_id, findings = ?database.findings, "an app's database is open");
        }
        if !grave.is_empty() {
            return Err(TenantError::Open(grave));
        }
        for database in harmless {
            tracing::warn!(app = database.app_id, findings = ?database.findings, "an app's database is closed again");
            self.repair(&database.app_id).await?;
        }
        Ok(())
    }
}
