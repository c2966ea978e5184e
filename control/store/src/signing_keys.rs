//! The table of keys that sign, or signed, end users' tokens.

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::{Row, Transaction};

use crate::changes::{self, ChangeKind};
use crate::{Store, StoreError};

/// Keys of one app, those that no longer verify included until they are swept.
const KEYS_MAX: i64 = 10;

/// One key of an app.
#[derive(Debug, Clone, PartialEq)]
pub struct SigningKeyRow {
    /// Its `kid`.
    pub kid: String,
    /// Its public half.
    pub public_jwk: Value,
    /// Its private half, encrypted; `None`: the app has that itself.
    pub private_encrypted: Option<String>,
    /// Whether it is the one that signs.
    pub signing: bool,
    /// Until when it verifies; `None`: without end.
    pub verifies_until: Option<DateTime<Utc>>,
    /// When it came.
    pub created_at: DateTime<Utc>,
}

/// A key about to be stored.
#[derive(Debug, Clone)]
pub struct NewSigningKey {
    /// Its `kid`.
    pub kid: String,
    /// Its public half.
    pub public_jwk: Value,
    /// Its private half, encrypted.
    pub private_encrypted: Option<String>,
}

const COLUMNS: &str = "kid, public_jwk, private_sealed, state, verifies_until, created_at";

impl SigningKeyRow {
    fn from_row(row: &Row) -> Self {
        Self {
            kid: row.get("kid"),
            public_jwk: row.get("public_jwk"),
            private_encrypted: row.get("private_sealed"),
            signing: row.get::<_, &str>("state") == "signing",
            verifies_until: row.get("verifies_until"),
            created_at: row.get("created_at"),
        }
    }
}

/// The table of keys that sign end users' tokens.
#[derive(Debug, Clone, Copy)]
pub struct SigningKeysTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of keys that sign end users' tokens.
    pub fn signing_keys(&self) -> SigningKeysTable<'_> {
        SigningKeysTable { store: self }
    }
}

impl SigningKeysTable<'_> {
    /// The keys of an app that verify now, the one that signs first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, app_id: &str) -> Result<Vec<SigningKeyRow>, StoreError> {
        let client = self.store.client().await?;
        let statement = client
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM signing_keys
                 WHERE app_id = $1 AND (verifies_until IS NULL OR verifies_until > now())
                 ORDER BY state, created_at DESC, kid"
            ))
            .await?;
        Ok(client.query(&statement, &[&app_id]).await?.iter().map(SigningKeyRow::from_row).collect())
    }

    /// The app's first key, unless it has one that signs already: of two concurrent calls, one wins.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app.
    pub async fn ensure(&self, app_id: &str, key: &NewSigningKey) -> Result<(), StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        transaction
            .execute(
                "INSERT INTO signing_keys (app_id, kid, public_jwk, private_sealed, state)
                 VALUES ($1, $2, $3, $4, 'signing') ON CONFLICT DO NOTHING",
                &[&app_id, &key.kid, &key.public_jwk, &key.private_encrypted],
            )
            .await?;
        changes::record(&transaction, app_id, None, ChangeKind::App).await?;
        self.store.commit(transaction).await
    }

    /// Let a new key sign. The one that signed so far verifies for `grace_seconds` more.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app, [`StoreError::Conflict`] when it has too many keys.
    pub async fn rotate(
        &self,
        app_id: &str,
        key: &NewSigningKey,
        grace_seconds: u32,
    ) -> Result<SigningKeyRow, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let old =
            "UPDATE signing_keys SET state = 'verifying', verifies_until = now() + $2 * interval '1 second'
                   WHERE app_id = $1 AND state = 'signing'";
        lock_app(&transaction, app_id).await?;
        transaction.execute(old, &[&app_id, &f64::from(grace_seconds)]).await?;
        let row = insert(&transaction, app_id, key, "signing").await?;
        self.store.commit(transaction).await?;
        Ok(row)
    }

    /// Keep a key that only verifies.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is one of that `kid`, or there are too many.
    pub async fn import(&self, app_id: &str, key: &NewSigningKey) -> Result<SigningKeyRow, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        lock_app(&transaction, app_id).await?;
        let row = insert(&transaction, app_id, key, "verifying").await?;
        self.store.commit(transaction).await?;
        Ok(row)
    }

    /// Remove a key that does not sign. `None`: there is none of that `kid`; `false`: it is the one that signs.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remove(&self, app_id: &str, kid: &str) -> Result<Option<bool>, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let found = transaction
            .query_opt(
                "SELECT state FROM signing_keys WHERE app_id = $1 AND kid = $2 FOR UPDATE",
                &[&app_id, &kid],
            )
            .await?;
        let Some(found) = found else { return Ok(None) };
        if found.get::<_, &str>(0) == "signing" {
            return Ok(Some(false));
        }
        transaction
            .execute("DELETE FROM signing_keys WHERE app_id = $1 AND kid = $2", &[&app_id, &kid])
            .await?;
        changes::record(&transaction, app_id, None, ChangeKind::App).await?;
        self.store.commit(transaction).await?;
        Ok(Some(true))
    }
}

/// Two rotations of one app queue here.
async fn lock_app(transaction: &Transaction<'_>, app_id: &str) -> Result<(), StoreError> {
    transaction
        .query_opt("SELECT 1 FROM apps WHERE id = $1 FOR NO KEY UPDATE", &[&app_id])
        .await?
        .map(|_| ())
        .ok_or(StoreError::Missing("the app"))
}

/// Keys that no longer verify are removed first.
async fn insert(
    transaction: &Transaction<'_>,
    app_id: &str,
    key: &NewSigningKey,
    state: &str,
) -> Result<SigningKeyRow, StoreError> {
    transaction
        .execute("DELETE FROM signing_keys WHERE app_id = $1 AND verifies_until <= now()", &[&app_id])
        .await?;
    let count: i64 = transaction
        .query_one("SELECT count(*) FROM signing_keys WHERE app_id = $1", &[&app_id])
        .await?
        .get(0);
    if count >= KEYS_MAX {
        return Err(StoreError::Conflict(format!("the app has {KEYS_MAX} keys that verify")));
    }
    let row = transaction
        .query_one(
            &format!(
                "INSERT INTO signing_keys (app_id, kid, public_jwk, private_sealed, state)
                 VALUES ($1, $2, $3, $4, $5) RETURNING {COLUMNS}"
            ),
            &[&app_id, &key.kid, &key.public_jwk, &key.private_encrypted, &state],
        )
        .await?;
    changes::record(transaction, app_id, None, ChangeKind::App).await?;
    Ok(SigningKeyRow::from_row(&row))
}
