//! The life of an app's database: created, checked and repaired, deleted.

use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::{CLAIMS_KEY, PASSWORD, Tenants, provision};
use crate::tenant::TenantError;
use mayfly_api::apps::AppState;
use mayfly_secrets::SecretsError;
use mayfly_store::{AppRow, DatabaseSecrets, id};

impl Tenants {
    /// Finish what an earlier run began: partially created databases are completed, partially deleted ones deleted,
    /// and those that fail their check are repaired. One app's failure does not stop the others.
    ///
    /// # Errors
    /// When the list of apps cannot be read.
    pub async fn recover(&self) -> Result<(), TenantError> {
        let mut apps = self.0.store.apps().list().await?;
        // First those whose creation or deletion a caller may be waiting for.
        apps.sort_by_key(|app| app.state == AppState::Ready);
        for app in apps {
            let outcome = match app.state {
                AppState::Provisioning => self.finish(&app.id).await,
                AppState::Deleting => self.delete(&app.id).await,
                AppState::Ready => self.tend(&app.id).await.map(|_| ()),
            };
            if let Err(error) = outcome {
                tracing::error!(%error, app = app.id, state = app.state.as_str(), "recovery of an app's database failed");
            }
        }
        Ok(())
    }

    /// Make an app: its row, its logins, its database. A crash on the way is repaired by [`recover`](Self::recover).
    ///
    /// # Errors
    /// [`TenantError::Store`] when PostgreSQL is away or full.
    pub async fn create(&self, name: &str) -> Result<AppRow, TenantError> {
        let app_id = id::app()?;
        let mut key = Zeroizing::new([0_u8; 32]);
        let mut password = Zeroizing::new([0_u8; 32]);
        for secret in [&mut key, &mut password] {
            SystemRandom::new().fill(secret.as_mut()).map_err(|_| SecretsError::NoRandomness)?;
        }
        let encrypt = |name: &str, secret: &[u8]| {
            self.0.keys.encrypt(&app_id, None, name, &Zeroizing::new(hex::encode(secret)))
        };
        let secrets = DatabaseSecrets {
            claims_key_encrypted: encrypt(CLAIMS_KEY, key.as_ref())?,
            password_encrypted: encrypt(PASSWORD, password.as_ref())?,
        };
        let mut app = self.0.store.apps().create(&app_id, name, &secrets).await?;
        self.finish(&app_id).await?;
        app.state = AppState::Ready;
        Ok(app)
    }

    async fn finish(&self, app_id: &str) -> Result<(), TenantError> {
        self.repair(app_id).await?;
        Ok(self.0.store.apps().set_state(app_id, AppState::Ready).await?)
    }

    /// Delete an app with everything of it: database, logins, functions, records. Where a session does not end, the app is
    /// gone for everyone, and the warden removes what is left of it once it has ended.
    ///
    /// # Errors
    /// [`TenantError::Missing`] when there is none. After any other error it is deleted at the next start.
    pub async fn delete(&self, app_id: &str) -> Result<(), TenantError> {
        if !id::is_app(app_id) || self.0.store.apps().get(app_id).await?.is_none() {
            return Err(TenantError::Missing);
        }
        self.0.store.apps().set_state(app_id, AppState::Deleting).await?;
        self.forget(app_id);
        if !provision::remove(&self.0.endpoint, app_id).await? {
            tracing::warn!(
                app = app_id,
                "a session of a deleted app does not end; its database is dropped later"
            );
            return Ok(());
        }
        Ok(self.0.store.apps().delete(app_id).await?)
    }

    /// What is wrong with an app's database; empty when it is as it should be.
    ///
    /// # Errors
    /// [`TenantError::Store`] when it cannot be reached.
    pub async fn check(&self, app_id: &str) -> Result<Vec<String>, TenantError> {
        provision::check(&self.0.endpoint, app_id, self.connections()).await
    }

    /// Check an app's database, and repair what is wrong. Returns what that was.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn check_and_repair(&self, app_id: &str) -> Result<Vec<String>, TenantError> {
        let findings = self.check(app_id).await?;
        if !findings.is_empty() {
            tracing::warn!(app = app_id, ?findings, "repairing an app's database");
            self.repair(app_id).await?;
        }
        Ok(findings)
    }

    /// Bring an app's logins and database into the state that they must have, whatever state they are in. Also restores
    /// access for an app whose owner has changed its own login's password on a server given by URL.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn repair(&self, app_id: &str) -> Result<(), TenantError> {
        self.with_blueprint(app_id, async |blueprint| {
            provision::provision(&self.0.endpoint, &blueprint).await
        })
        .await
    }
}
