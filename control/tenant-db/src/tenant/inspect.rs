//! Looks at all apps' databases before anything is served from them: is each closed as it must be?

use std::fmt;

use futures_util::{StreamExt as _, stream};

use super::{TenantError, Tenants};
use mayfly_store::AppState;

/// Databases looked at at once.
const AT_ONCE: usize = 8;
/// Findings of one app that an error names; the log has all.
const NAMED_MAX: usize = 3;
/// What another build's text of `harden.sql` leaves, and what a login can do to itself: mended without asking.
const HARMLESS: [&str; 2] = ["it was closed by another build", "has settings that are not ours"];

/// What is done about databases that are not closed as they must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OpenDatabases {
    /// The server does not start: somebody has to know why, and say what is to be done.
    #[default]
    Refuse,
    /// They are closed before anything is served.
    Close,
    /// They are closed while the server runs already: for servers whose databases nobody else can have touched.
    CloseMeanwhile,
}

/// What is wrong with one app's database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenDatabase {
    /// The app.
    pub app_id: String,
    /// What is wrong.
    pub findings: Vec<String>,
}

impl OpenDatabase {
    /// Whether it is no more than an older build, or a login's own settings.
    pub fn is_harmless(&self) -> bool {
        let by_another_build = self.findings.iter().any(|finding| finding == HARMLESS[0]);
        by_another_build || self.findings.iter().all(|finding| finding.ends_with(HARMLESS[1]))
    }
}

impl fmt::Display for OpenDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.app_id, self.findings[..self.findings.len().min(NAMED_MAX)].join("; "))?;
        match self.findings.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl Tenants {
    /// The databases of ready apps that are not closed as they must be.
    ///
    /// # Errors
    /// When the list of apps cannot be read.
    pub async fn inspect(&self) -> Result<Vec<OpenDatabase>, TenantError> {
        let apps = self.store().apps().list().await?;
        let ready = apps.into_iter().filter(|app| app.state == AppState::Ready).map(|app| app.id);
        let looked: Vec<_> =
            stream::iter(ready.map(|app| self.look(app))).buffer_unordered(AT_ONCE).collect().await;
        Ok(looked.into_iter().flatten().collect())
    }

    async fn look(&self, app_id: String) -> Option<OpenDatabase> {
        let findings = match self.check(&app_id).await {
            Ok(findings) => findings,
            Err(error) => vec![format!("it cannot be looked at: {error}")],
        };
        if findings.is_empty() {
            return None;
        }
        // Whoever is just being deleted elsewhere needs no closing.
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
    pub async fn settle_open(&self, wanted: OpenDatabases) -> Result<(), TenantError> {
        if wanted == OpenDatabases::CloseMeanwhile {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_build_and_a_login_s_own_settings_are_no_reason_to_stop() {
        let with = |findings: &[&str]| OpenDatabase {
            app_id: "app_x".into(),
            findings: findings.iter().map(|finding| (*finding).to_owned()).collect(),
        };
        assert!(with(&["role app_x_user has settings that are not ours"]).is_harmless());
        assert!(with(&["everyone may call pg_sleep", "it was closed by another build"]).is_harmless());
        let grave =
            with(&["everyone may call set_config", "role x has settings that are not ours", "c", "d", "e"]);
        assert!(!grave.is_harmless());
        assert_eq!(
            grave.to_string(),
            "app_x: everyone may call set_config; role x has settings that are not ours; c; and 2 more"
        );
    }
}
