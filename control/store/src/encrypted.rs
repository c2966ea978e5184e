//! All encrypted values, over all tables: found by the root key that encrypted them, and replaced unless they changed.

use tokio_postgres::Row;

use crate::{Store, StoreError};

const ALL: &str = include_str!("encrypted/all.sql");

/// Which key encrypted a value: its id is within the first letters, and no more of a large value is to be read.
const KEY_ID: &str = "split_part(left(sealed, 40), '.', 2)";

/// Values read at once.
const PAGE: i64 = 50;

/// An encrypted value and where it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncryptedValue {
    /// The app.
    pub app_id: String,
    /// What it is.
    pub place: EncryptedPlace,
    /// The value.
    pub encrypted: String,
}

/// What an encrypted value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptedPlace {
    /// An environment variable.
    Variable {
        /// The function's id and name; `None`: the app's own.
        function: Option<(String, String)>,
        /// The variable's name.
        name: String,
    },
    /// The key that signs an app's claims.
    ClaimsKey,
    /// The password of an app's logins.
    Password,
    /// The private half of a key that signs end users' tokens.
    SigningKey {
        /// Its `kid`.
        kid: String,
    },
    /// The secret with which an external issuer signs end users' tokens.
    Issuer {
        /// The issuer's name.
        issuer: String,
    },
    /// What an invocation received from outside.
    Recording {
        /// The invocation.
        invocation_id: String,
    },
    /// The secret of an access key of storage.
    StorageKey {
        /// The access key id.
        id: String,
    },
    /// The secrets of a function's webhook trigger.
    Webhook {
        /// The function's id and name.
        function: (String, String),
    },
    /// What a webhook delivery brought.
    Delivery {
        /// The function's name.
        function: String,
        /// The delivery.
        id: String,
    },
}

/// The position of a scan over all values.
#[derive(Debug, Clone, Default)]
pub struct EncryptedCursor([String; 4]);

/// All encrypted values, over all tables.
#[derive(Debug, Clone, Copy)]
pub struct EncryptedValues<'a> {
    pub(super) store: &'a Store,
}

impl Store {
    /// All encrypted values, over all tables.
    pub fn encrypted_values(&self) -> EncryptedValues<'_> {
        EncryptedValues { store: self }
    }
}

impl EncryptedValues<'_> {
    /// The next values that another key than this one encrypted, from the cursor on, which moves. Empty at the end.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn not_by(
        &self,
        key_id: &str,
        cursor: &mut EncryptedCursor,
    ) -> Result<Vec<EncryptedValue>, StoreError> {
        let client = self.store.client().await?;
        let EncryptedCursor([kind, app_id, function_id, name]) = cursor;
        let rows = client
            .query(
                &format!(
                    "SELECT * FROM ({ALL}) s
                     WHERE {KEY_ID} <> $1
                       AND (kind, app_id, function_id, name) > ($2, $3, $4, $5)
                     ORDER BY kind, app_id, function_id, name LIMIT {PAGE}"
                ),
                &[&key_id, kind, app_id, function_id, name],
            )
            .await?;
        if let Some(last) = rows.last() {
            *cursor =
                EncryptedCursor(["kind", "app_id", "function_id", "name"].map(|column| last.get(column)));
        }
        Ok(rows.iter().map(EncryptedValue::from_row).collect())
    }

    /// How many values each key encrypted, by its id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_by_key(&self) -> Result<Vec<(String, i64)>, StoreError> {
        let client = self.store.client().await?;
        let sql = format!("SELECT {KEY_ID}, count(*) FROM ({ALL}) s GROUP BY 1 ORDER BY 1");
        Ok(client.query(&sql, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Replaces a value by another encrypted form of it. `false`: it has changed since it was read, and stays.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn replace(&self, value: &EncryptedValue, encrypted: &str) -> Result<bool, StoreError> {
        let EncryptedValue { app_id, place, encrypted: old } = value;
        let client = self.store.client().await?;
        let changed = match place {
            EncryptedPlace::Variable { function, name } => {
                let function_id = function.as_ref().map(|(id, _)| id);
                let sql = "UPDATE env SET sealed = $5 WHERE app_id = $1
                           AND function_id IS NOT DISTINCT FROM $2 AND name = $3 AND sealed = $4";
                client.execute(sql, &[app_id, &function_id, name, old, &encrypted]).await?
            }
            EncryptedPlace::ClaimsKey => {
                let sql = "UPDATE app_databases SET claims_key_sealed = $3
                           WHERE app_id = $1 AND claims_key_sealed = $2";
                client.execute(sql, &[app_id, old, &encrypted]).await?
            }
            EncryptedPlace::Password => {
                let sql = "UPDATE app_databases SET password_sealed = $3
                           WHERE app_id = $1 AND password_sealed = $2";
                client.execute(sql, &[app_id, old, &encrypted]).await?
            }
            EncryptedPlace::SigningKey { kid } => {
                let sql = "UPDATE signing_keys SET private_sealed = $4
                           WHERE app_id = $1 AND kid = $2 AND private_sealed = $3";
                client.execute(sql, &[app_id, kid, old, &encrypted]).await?
            }
            EncryptedPlace::Issuer { issuer } => {
                client
                    .execute(include_str!("encrypted/issuer.sql"), &[app_id, issuer, old, &encrypted])
                    .await?
            }
            EncryptedPlace::Recording { invocation_id } => {
                let sql = "UPDATE recordings SET sealed = $4
                           WHERE app_id = $1 AND invocation_id = $2 AND sealed = $3";
                client.execute(sql, &[app_id, invocation_id, old, &encrypted]).await?
            }
            EncryptedPlace::StorageKey { id } => {
                let sql = "UPDATE storage_keys SET secret_sealed = $4
                           WHERE app_id = $1 AND id = $2 AND secret_sealed = $3";
                client.execute(sql, &[app_id, id, old, &encrypted]).await?
            }
            EncryptedPlace::Webhook { function: (function_id, _) } => {
                let sql =
                    "UPDATE triggers SET config = jsonb_set(config, '{secrets_sealed}', to_jsonb($3::text))
                           WHERE function_id = $1 AND kind = 'webhook' AND config ->> 'secrets_sealed' = $2";
                client.execute(sql, &[function_id, old, &encrypted]).await?
            }
            EncryptedPlace::Delivery { id, .. } => {
                let sql = "UPDATE webhook_deliveries SET sealed = $3 WHERE id = $1 AND sealed = $2";
                client.execute(sql, &[id, old, &encrypted]).await?
            }
        };
        Ok(changed > 0)
    }
}

impl EncryptedValue {
    fn from_row(row: &Row) -> Self {
        let name = || row.get("name");
        let place = match row.get("kind") {
            "claims_key" => EncryptedPlace::ClaimsKey,
            "password" => EncryptedPlace::Password,
            "signing_key" => EncryptedPlace::SigningKey { kid: name() },
            "issuer" => EncryptedPlace::Issuer { issuer: name() },
            "recording" => EncryptedPlace::Recording { invocation_id: name() },
            "storage_key" => EncryptedPlace::StorageKey { id: name() },
            "webhook" => {
                EncryptedPlace::Webhook { function: (row.get("function_id"), row.get("function_name")) }
            }
            "delivery" => EncryptedPlace::Delivery { function: row.get("function_name"), id: name() },
            // The query knows no other.
            _ => {
                let function: Option<String> = row.get("function_name");
                EncryptedPlace::Variable {
                    function: function.map(|function| (row.get("function_id"), function)),
                    name: name(),
                }
            }
        };
        Self { app_id: row.get("app_id"), place, encrypted: row.get("sealed") }
    }
}
