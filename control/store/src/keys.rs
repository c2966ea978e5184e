//! The table of API keys: hashes only.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;

use mayfly_api::keys::ApiKeyKind;
use mayfly_api::scope::Scope;

use crate::changes::{self, ChangeKind};
use crate::{Store, StoreError, id};

/// A stored key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// `key_...`
    pub id: String,
    /// The app it opens.
    pub app_id: String,
    /// The role that it authenticates.
    pub kind: ApiKeyKind,
    /// The owner's name for it.
    pub name: Option<String>,
    /// The first characters of the key.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it opens nothing any more.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl ApiKey {
    fn from_row(row: &Row) -> Self {
        let scopes: Vec<String> = row.get("scopes");
        Self {
            id: row.get("id"),
            app_id: row.get("app_id"),
            kind: match row.get("kind") {
                "service" => ApiKeyKind::Service,
                _ => ApiKeyKind::Anon,
            },
            name: row.get("name"),
            prefix: row.get("prefix"),
            scopes: scopes.iter().filter_map(|scope| Scope::parse(scope)).collect(),
            created_at: row.get("created_at"),
            revoked_at: row.get("revoked_at"),
        }
    }
}

/// A key about to be stored.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The role that it authenticates.
    pub kind: ApiKeyKind,
    /// The owner's name for it.
    pub name: Option<String>,
    /// SHA-256 of the whole key.
    pub hash: [u8; 32],
    /// Its first characters, for display.
    pub prefix: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

const COLUMNS: &str = "id, app_id, kind, name, prefix, scopes, created_at, revoked_at";

/// The table of API keys.
#[derive(Debug, Clone, Copy)]
pub struct KeysTable<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// The table of API keys.
    pub fn keys(&self) -> KeysTable<'_> {
        KeysTable { store: self }
    }
}

impl KeysTable<'_> {
    /// Store a key's hash.
    ///
    /// # Errors
    /// [`StoreError::Missing`] when there is no such app, [`StoreError::Conflict`] when the hash is known already.
    pub async fn insert(&self, app_id: &str, key: &NewKey) -> Result<ApiKey, StoreError> {
        let client = self.store.client().await?;
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let row = client
            .query_one(
                &format!(
                    "INSERT INTO api_keys (id, app_id, kind, name, hash, prefix, scopes)
                     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {COLUMNS}"
                ),
                &[
                    &id::key()?,
                    &app_id,
                    &key.kind.as_str(),
                    &key.name,
                    &key.hash.as_slice(),
                    &key.prefix,
                    &scopes,
                ],
            )
            .await?;
        Ok(ApiKey::from_row(&row))
    }

    /// The key with that SHA-256, revoked ones too: the caller looks at `revoked_at`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>, StoreError> {
        let client = self.store.client().await?;
        let statement =
            client.prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE hash = $1")).await?;
        let row = client.query_opt(&statement, &[&hash.as_slice()]).await?;
        Ok(row.as_ref().map(ApiKey::from_row))
    }

    /// The app of a key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn app_of(&self, key_id: &str) -> Result<Option<String>, StoreError> {
        let client = self.store.client().await?;
        let statement = client.prepare_cached("SELECT app_id FROM api_keys WHERE id = $1").await?;
        let row = client.query_opt(&statement, &[&key_id]).await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// An app's keys, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, app_id: &str) -> Result<Vec<ApiKey>, StoreError> {
        let client = self.store.client().await?;
        let rows = client
            .query(
                &format!("SELECT {COLUMNS} FROM api_keys WHERE app_id = $1 ORDER BY created_at, id"),
                &[&app_id],
            )
            .await?;
        Ok(rows.iter().map(ApiKey::from_row).collect())
    }

    /// From now on the key opens nothing. `false` when the app has no such key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke(&self, app_id: &str, key_id: &str) -> Result<bool, StoreError> {
        let mut client = self.store.client().await?;
        let transaction = client.transaction().await?;
        let changed = transaction
            .execute(
                "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()) WHERE app_id = $1 AND id = $2",
                &[&app_id, &key_id],
            )
            .await?;
        // The other nodes know the key, too.
        changes::record(&transaction, app_id, None, ChangeKind::App).await?;
        self.store.commit(transaction).await?;
        Ok(changed > 0)
    }
}
